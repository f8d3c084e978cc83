"""What Microsoft.Storage refuses, and in which words."""

from app.emulator.core.errors import AzureError, Envelope


def refused(status: int, code: str, message: str) -> AzureError:
    """A refusal in the provider's own envelope."""
    return AzureError(status, code, message, envelope=Envelope.WRAPPED)


def not_provisioned() -> AzureError:
    """What is asked of an account that is still being made."""
    return refused(
        409,
        "StorageAccountIsNotProvisioned",
        "The storage account provisioning state must be 'Succeeded' before executing the operation.",
    )


def share_not_found() -> AzureError:
    """No share of this name, or no such snapshot."""
    return refused(404, "ShareNotFound", "The specified share does not exist.")


def invalid_header() -> AzureError:
    """Azure's word for a quota, tier or protocol that the account cannot have."""
    return refused(400, "InvalidHeaderValue", "The value for one of the HTTP headers is not in the correct format.")
