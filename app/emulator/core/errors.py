"""Errors as ARM's gateway and as the resource providers word and wrap them."""

from collections.abc import Mapping, Sequence
from enum import Enum

from app.emulator.core.documents import Document


class Envelope(Enum):
    """Which of the two forms an error has on the wire (AZURE.md, "Errors: two envelopes")."""

    GATEWAY = "gateway"
    """`{"error": {...}}` with `x-ms-failure-cause: gateway`."""
    WRAPPED = "wrapped"
    """`{"error": {...}}` from a resource provider."""
    FLAT = "flat"
    """AKS: `{"code", "details", "message", "subcode"}`."""


class AzureError(Exception):
    """A refusal: an HTTP status and one of Azure's error documents."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        envelope: Envelope = Envelope.GATEWAY,
        subcode: str = "",
        target: str | None = None,
        details: Sequence[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Refuse with `status` and `code`; `subcode` and `target` only show in AKS's own form."""
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.envelope = envelope
        self.subcode = subcode
        self.target = target
        self.details = [dict(detail) for detail in details] if details is not None else None
        self.headers = dict(headers or {})

    def body(self) -> Document:
        """The error document, in this error's envelope."""
        if self.envelope is Envelope.FLAT:
            flat: Document = {"code": self.code, "message": self.message, "subcode": self.subcode}
            if self.details is not None:
                flat["details"] = self.details
            if self.target is not None:
                flat["target"] = self.target
            return dict(sorted(flat.items()))
        inner: Document = {"code": self.code, "message": self.message}
        if self.target is not None:
            inner["target"] = self.target
        if self.details is not None:
            inner["details"] = self.details
        return {"error": inner}


def resource_not_found(resource_type: str, name: str, group: str) -> AzureError:
    """The gateway's 404 for a resource that it does not know."""
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def resource_group_not_found(group: str) -> AzureError:
    """The gateway's 404 for a resource group that it does not know."""
    return AzureError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def invalid_request_content(reason: str) -> AzureError:
    """The gateway's 400 for a body that is not the JSON it expects."""
    return AzureError(
        400, "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{reason}'."
    )


def not_implemented(operation: str) -> AzureError:
    """A loud 501: the local Azure lacks `operation`, which real Azure may well have."""
    return AzureError(501, "NotImplementedByLocalAzure", f"The local Azure does not implement '{operation}'.")
