"""The keys of storage accounts. Nothing here logs, keeps or raises a key."""

from azure.mgmt.storage.aio import StorageManagementClient
from azure.mgmt.storage.models import StorageAccountRegenerateKeyParameters

from app.azure import errors
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.secret import Secret
from app.azure.types.storage import KEY_NAMES, AccountKey


class Keys:
    """`listKeys` and `regenerateKey` of an account."""

    def __init__(self, client: StorageManagementClient) -> None:
        self._accounts = client.storage_accounts

    async def list_(self, group: str, name: str, *, call: Call) -> tuple[AccountKey, ...]:
        """Both keys."""
        return _keys(await self._accounts.list_keys(group, name, slipway_call=call))

    async def regenerate(self, group: str, name: str, key_name: str, *, call: Call) -> tuple[AccountKey, ...]:
        """Make one key anew: what holds the old one is shut out at once. Gives both keys as they are then."""
        if key_name not in KEY_NAMES:
            raise ValueError("An account has key1 and key2.")
        body = StorageAccountRegenerateKeyParameters(key_name=key_name)
        return _keys(await self._accounts.regenerate_key(group, name, body, slipway_call=call))


def _keys(value: object) -> tuple[AccountKey, ...]:
    parts = Fields(value, "listKeys").parts("keys")
    found = [
        AccountKey(part.text("keyName"), Secret(part.text("value")), part.moment("creationTime")) for part in parts
    ]
    if not found:
        raise AzureError(errors.MALFORMED, azure_message="the answer holds no keys")
    return tuple(found)
