"""Storage accounts of a subscription. Every method is one call."""

from collections.abc import Mapping

from azure.mgmt.storage.aio import StorageManagementClient
from azure.mgmt.storage.models import (
    FileServiceProperties,
    StorageAccountCheckNameAvailabilityParameters,
    StorageAccountCreateParameters,
    StorageAccountUpdateParameters,
)

from app.azure.clients import first_answer, operation_of, read_all, read_group, settled
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.resource_fields import resource_of
from app.azure.storage.keys import Keys
from app.azure.types.call import Call
from app.azure.types.storage import (
    Account,
    AccountKey,
    AccountPutAnswer,
    AccountSpec,
    NameAvailability,
    NetworkRules,
)
from app.core.json import JsonObject

_ACCEPTED = 202
_ALLOW, _DENY = "Allow", "Deny"


class Accounts:
    """`Microsoft.Storage/storageAccounts`, with their keys and what their file service keeps of deleted shares."""

    def __init__(self, client: StorageManagementClient, keys: Keys, subscription_id: str) -> None:
        self._accounts = client.storage_accounts
        self._files = client.file_services
        self._keys = keys
        self._subscription_id = subscription_id

    def id_of(self, group: str, name: str) -> str:
        """The resource id of an account of this name; compare ids with `same_id`."""
        return (
            f"/subscriptions/{self._subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.Storage/storageAccounts/{name}"
        )

    async def get(self, group: str, name: str, *, call: Call) -> Account | None:
        """The account, or None when there is none, or no such group."""
        try:
            model = await self._accounts.get_properties(group, name, slipway_call=call)
        except AzureError as error:
            if error.gone:
                return None
            raise
        return account_of(model)

    async def list_(self, *, group: str | None = None, call: Call) -> tuple[Account, ...]:
        """All of the subscription, or of a group; none where there is no such group."""
        if group is None:
            return tuple(await read_all(self._accounts.list(slipway_call=call), account_of))
        pages = self._accounts.list_by_resource_group(group, slipway_call=call)
        return tuple(await read_group(pages, account_of))

    async def name_available(self, name: str, *, call: Call) -> NameAvailability:
        """Whether an account may have this name."""
        asked = StorageAccountCheckNameAvailabilityParameters(name=name)
        model = await self._accounts.check_name_availability(asked, slipway_call=call)
        body = Fields(model, "checkNameAvailability")
        return NameAvailability(body.flag("nameAvailable"), body.maybe("reason"), body.maybe("message"))

    async def create(self, group: str, name: str, spec: AccountSpec, *, call: Call) -> AccountPutAnswer:
        """Make an account. To be called where a look has just found none of this name: one that is there is changed."""
        body = StorageAccountCreateParameters(_body(spec))
        answer = await settled(
            self._accounts.begin_create(group, name, body, polling=first_answer(), slipway_call=call)
        )
        if answer.status_code == _ACCEPTED:
            return AccountPutAnswer(None, operation_of(answer, self.id_of(group, name)))
        return AccountPutAnswer(account_of(answer.json()), None)

    async def update(
        self,
        group: str,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        networks: NetworkRules | None = None,
        call: Call,
    ) -> Account:
        """Replace all tags, or all network rules, or both; what is None stays. `AzureError` (gone) without an account.

        The caller puts the owner's tags among the tags.
        """
        body: JsonObject = {} if tags is None else {"tags": dict(tags)}
        if networks is not None:
            body["properties"] = {"networkAcls": _acls(networks)}
        model = await self._accounts.update(group, name, StorageAccountUpdateParameters(body), slipway_call=call)
        return account_of(model)

    async def delete(self, group: str, name: str, *, call: Call) -> None:
        """Remove the account with all that it holds, now; well where there is none, or no such group."""
        try:
            await self._accounts.delete(group, name, slipway_call=call)
        except AzureError as error:
            if not error.gone:
                raise

    async def keys(self, group: str, name: str, *, call: Call) -> tuple[AccountKey, ...]:
        """Both keys of the account: to be used and forgotten. `AzureError` (gone) without an account."""
        return await self._keys.list_(group, name, call=call)

    async def regenerate_key(self, group: str, name: str, key_name: str, *, call: Call) -> tuple[AccountKey, ...]:
        """Make "key1" or "key2" anew: what holds the old one is shut out at once. Gives both keys as they are then."""
        return await self._keys.regenerate(group, name, key_name, call=call)

    async def kept_days(self, group: str, name: str, *, call: Call) -> int:
        """For how many days the account keeps a share that was deleted; 0 where it does not."""
        model = await self._files.get_service_properties(group, name, slipway_call=call)
        policy = Fields(model, "fileService").part("properties").part("shareDeleteRetentionPolicy")
        return policy.number("days") or 0 if policy.flag("enabled") else 0

    async def put_kept_days(self, group: str, name: str, days: int, *, call: Call) -> None:
        """Have the account keep deleted shares for 1 to 365 days."""
        policy = {"enabled": True, "days": days}
        body = FileServiceProperties({"properties": {"shareDeleteRetentionPolicy": policy}})
        await self._files.set_service_properties(group, name, body, slipway_call=call)


def account_of(value: object) -> Account:
    """A storage account from Azure's JSON."""
    body = Fields(value, "storageAccount")
    properties = body.part("properties")
    acls = properties.part("networkAcls")
    times = properties.part("keyCreationTime")
    return Account(
        **resource_of(body),
        kind=body.maybe("kind") or "Storage",
        sku=body.part("sku").maybe("name") or "Standard_LRS",
        minimum_tls=properties.maybe("minimumTlsVersion"),
        https_only=properties.flag("supportsHttpsTrafficOnly"),
        public_blobs=properties.flag("allowBlobPublicAccess"),
        # Absent means allowed.
        shared_keys=properties.flag("allowSharedKeyAccess") or properties.lacks("allowSharedKeyAccess"),
        public_network=(properties.maybe("publicNetworkAccess") or "Enabled").lower() == "enabled",
        private_endpoints=len(properties.parts("privateEndpointConnections")),
        networks=NetworkRules(
            allow_all=(acls.maybe("defaultAction") or _ALLOW).lower() == _ALLOW.lower(),
            subnet_ids=tuple(rule.text("id") for rule in acls.parts("virtualNetworkRules")),
            ip_ranges=tuple(rule.text("value") for rule in acls.parts("ipRules")),
        ),
        file_endpoint=properties.part("primaryEndpoints").maybe("file"),
        created_at=properties.moment("creationTime"),
        key_created_at={
            name: made for name in properties.names("keyCreationTime") if (made := times.moment(name)) is not None
        },
    )


def _body(spec: AccountSpec) -> JsonObject:
    return {
        "location": spec.location,
        "kind": spec.kind,
        "sku": {"name": spec.sku},
        "tags": dict(spec.tags),
        "properties": {
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": True,
            "supportsHttpsTrafficOnly": spec.https_only,
            "networkAcls": _acls(spec.networks),
        },
    }


def _acls(rules: NetworkRules) -> JsonObject:
    return {
        "bypass": "AzureServices",
        "defaultAction": _ALLOW if rules.allow_all else _DENY,
        "virtualNetworkRules": [{"id": subnet_id, "action": _ALLOW} for subnet_id in rules.subnet_ids],
        "ipRules": [{"value": ip_range, "action": _ALLOW} for ip_range in rules.ip_ranges],
    }
