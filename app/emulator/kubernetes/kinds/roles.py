"""Roles and their bindings: stored, and asked by nobody, since every user here may do all."""

from datetime import datetime

from app.emulator.kubernetes.documents import JSON, Object, at
from app.emulator.kubernetes.kinds.kind import AGE, NAME, Cell, Column, Kind, field_cell
from app.emulator.kubernetes.status import Cause

_GROUP = "rbac.authorization.k8s.io"
_CREATED = Column("Created At", field_cell("metadata.creationTimestamp"))


def _prepare_role(document: Object, _previous: Object | None) -> None:
    document.setdefault("rules", None)


def _prepare_binding(document: Object, _previous: Object | None) -> None:
    document.setdefault("roleRef", {}).setdefault("apiGroup", _GROUP)
    for subject in document.get("subjects") or ():
        if subject.get("kind") in {"User", "Group"}:
            subject.setdefault("apiGroup", _GROUP)
        elif subject.get("kind") == "ServiceAccount":
            subject.setdefault("namespace", "")


def _validate_binding(document: Object, previous: Object | None) -> list[Cause]:
    reference = document["roleRef"]
    if previous and reference != previous["roleRef"]:
        return [Cause("FieldValueInvalid", "Invalid value: cannot change roleRef", "roleRef")]
    if not reference.get("name"):
        return [Cause("FieldValueRequired", "Required value", "roleRef.name")]
    if reference.get("kind") not in {"Role", "ClusterRole"}:
        said = f'Unsupported value: "{reference.get("kind", "")}": supported values: "Role", "ClusterRole"'
        return [Cause("FieldValueNotSupported", said, "roleRef.kind")]
    return []


def _role(document: Object, _now: datetime) -> JSON:
    return f"{at(document, 'roleRef.kind', '')}/{at(document, 'roleRef.name', '')}"


def _subjects(kind: str) -> Cell:
    def cell(document: Object, _now: datetime) -> JSON:
        chosen = [subject for subject in document.get("subjects") or () if subject.get("kind") == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{subject.get('namespace', '')}/{subject['name']}" for subject in chosen)
        return ", ".join(subject["name"] for subject in chosen)

    return cell


_BINDING_COLUMNS = (
    NAME,
    Column("Role", _role),
    AGE,
    Column("Users", _subjects("User"), priority=1),
    Column("Groups", _subjects("Group"), priority=1),
    Column("ServiceAccounts", _subjects("ServiceAccount"), priority=1),
)

ROLES = Kind(
    kind="Role",
    plural="roles",
    singular="role",
    namespaced=True,
    group=_GROUP,
    name_rule="path",
    columns=(NAME, _CREATED),
    prepare=_prepare_role,
)

CLUSTER_ROLES = Kind(
    kind="ClusterRole",
    plural="clusterroles",
    singular="clusterrole",
    namespaced=False,
    group=_GROUP,
    name_rule="path",
    columns=(NAME, _CREATED),
    prepare=_prepare_role,
)

ROLE_BINDINGS = Kind(
    kind="RoleBinding",
    plural="rolebindings",
    singular="rolebinding",
    namespaced=True,
    group=_GROUP,
    name_rule="path",
    columns=_BINDING_COLUMNS,
    prepare=_prepare_binding,
    validate=_validate_binding,
)

CLUSTER_ROLE_BINDINGS = Kind(
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    singular="clusterrolebinding",
    namespaced=False,
    group=_GROUP,
    name_rule="path",
    columns=_BINDING_COLUMNS,
    prepare=_prepare_binding,
    validate=_validate_binding,
)
