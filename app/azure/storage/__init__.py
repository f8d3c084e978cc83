"""`Microsoft.Storage` of one subscription: a file for each type of resource."""

from azure.mgmt.storage.aio import StorageManagementClient

from app.azure.feed import Sharing
from app.azure.storage.accounts import Accounts
from app.azure.storage.keys import Keys
from app.azure.storage.shares import Shares
from app.azure.usages import Usages

__all__ = ["Storage"]


class Storage:
    """What a subscription has of storage."""

    def __init__(self, client: StorageManagementClient, subscription_id: str, sharing: Sharing) -> None:
        self.accounts = Accounts(client, Keys(client), subscription_id)
        self.shares = Shares(client)
        self.usages = Usages(
            lambda location, call: client.usages.list_by_location(location, slipway_call=call), sharing
        )
