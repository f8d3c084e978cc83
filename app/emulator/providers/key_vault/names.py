"""Names that the files of this provider share."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.store import Resource

NAMESPACE = "Microsoft.KeyVault"
VAULT_TYPE = f"{NAMESPACE}/vaults"
DELETED_TYPE = f"{NAMESPACE}/deletedVaults"
DNS_SUFFIX = "vault.azure.net"


def vault_named(cloud: Cloud, name: str) -> Resource | None:
    """The vault of a name: it is one in all of Azure."""
    return next((each for each in cloud.store.of_type(VAULT_TYPE) if each.name.lower() == name.lower()), None)


def refused(status: int, code: str, message: str) -> AzureError:
    """A refusal in the provider's own envelope."""
    return AzureError(status, code, message, envelope=Envelope.WRAPPED)
