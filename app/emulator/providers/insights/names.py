"""Names that the files of this provider share, and what it refuses."""

from collections.abc import Mapping, Sequence

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.exchange import Call
from app.emulator.core.gateway import require_group
from app.emulator.core.paths import group_id
from app.emulator.core.store import Resource
from app.emulator.core.stored_reads import require_stored

NAMESPACE = "Microsoft.Insights"
IN_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{NAMESPACE}"


def resource_id(call: Call, resource_type: str) -> str:
    """The ARM id of the rule or endpoint that a call names."""
    group = group_id(call.parameter("subscription"), call.parameter("group"))
    return f"{group}/providers/{resource_type}/{call.parameter('resource')}"


def find(cloud: Cloud, call: Call, resource_type: str) -> Resource:
    """The rule or endpoint that a call names; 404 without it."""
    require_group(cloud, call)
    return require_stored(cloud, call, resource_id(call, resource_type))


def refused(status: int, code: str, message: str, *, details: Sequence[Mapping[str, str]] | None = None) -> AzureError:
    """A refusal in the provider's own envelope."""
    return AzureError(status, code, message, envelope=Envelope.WRAPPED, details=details)
