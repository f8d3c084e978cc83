"""The fields of the kinds, as Kubernetes 1.33 has them: one table a group; the form is told in `schema`.

Numbers and types are those of Kubernetes' protobuf descriptors, keys those of its OpenAPI description
(`x-kubernetes-patch-merge-key`, `x-kubernetes-list-map-keys`). Messages of one name in two groups carry the group.
"""

from pathlib import Path

from app.emulator.kubernetes.schema import Schema

SCHEMA = Schema("\n".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.txt"))))


def message_name(api_version: str, kind: str) -> str:
    """Return the name of a kind's message: with its group, where two groups have a kind of that name."""
    grouped = f"{api_version.partition('.')[0]}.{kind}"
    return grouped if SCHEMA.message(grouped) else kind
