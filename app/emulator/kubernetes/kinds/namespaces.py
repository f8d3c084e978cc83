"""Namespaces. Their life and end is in `controllers`."""

from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Column, Kind, field_cell


def _prepare(document: Object, previous: Object | None) -> None:
    metadata = document["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    if previous is None:
        document["spec"] = {"finalizers": ["kubernetes"]}
        document["status"] = {"phase": "Active"}
    else:
        document["spec"] = previous["spec"]


NAMESPACES = Kind(
    kind="Namespace",
    plural="namespaces",
    singular="namespace",
    namespaced=False,
    short_names=("ns",),
    selectable=("status.phase",),
    # A collection of namespaces cannot be deleted at once, in any cluster.
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    name_rule="label",
    has_status=True,
    returns_deleted=True,
    columns=(
        NAME,
        Column("Status", field_cell("status.phase"), description="The status of the namespace"),
        AGE,
    ),
    prepare=_prepare,
)
