"""The storage account of a share: one that fits, or a new one in the node resource group."""

from app.emulator.core.documents import Document, section
from app.emulator.core.network_documents import resource_id
from app.emulator.core.paths import group_id, key_of
from app.emulator.providers.containerservice.csi.parameters import FileParameters
from app.emulator.providers.containerservice.csi.site import Site
from app.emulator.providers.containerservice.nodes import pools_of

ACCOUNT = "Microsoft.Storage/storageAccounts"
SKIP = "skip-matching"
"""The tag of an account that the driver takes no more, because it is full."""
_CREATED_BY = {"k8s-azure-created-by": "azure"}
_NAME_LENGTH = 23


def group_of(site: Site, parameters: FileParameters) -> str:
    """The name of the resource group of a class's accounts."""
    return parameters.group or site.group.name


def account_id(site: Site, group: str, name: str) -> str:
    """An account's ARM id."""
    return resource_id(group_id(site.group.subscription, group), ACCOUNT, name)


async def ensure_account(site: Site, parameters: FileParameters) -> str:
    """The name of the account that the class names, of the first that fits, or of a new one."""
    if parameters.account:
        return parameters.account
    group = group_of(site, parameters)
    subnet = _subnet(site)
    listed = await site.arm.list_(account_id(site, group, "").rstrip("/"))
    for account in listed:
        if _fits(site, account, parameters, subnet):
            return str(account["name"])
    if parameters.nfs:
        await _open_subnet(site, subnet)
    name = ("f" + site.cloud.guid().replace("-", ""))[:_NAME_LENGTH]
    await site.arm.put(account_id(site, group, name), _body(site, parameters, subnet))
    return name


def _subnet(site: Site) -> str:
    subnets = [pool.body["properties"].get("vnetSubnetID") for pool in pools_of(site.cloud, site.cluster)]
    return next((subnet for subnet in subnets if subnet), site.group.subnet_id)


def _location(site: Site, parameters: FileParameters) -> str:
    return parameters.location or site.group.location


def _fits(site: Site, account: Document, parameters: FileParameters, subnet: str) -> bool:
    properties, tags = account["properties"], account.get("tags") or {}
    if (account["kind"], account["sku"]["name"].lower()) != (parameters.kind, parameters.sku.lower()):
        return False
    if account["location"] != _location(site, parameters) or SKIP in tags:
        return False
    if properties["provisioningState"] != "Succeeded":
        return False
    if parameters.match_tags and any(tags.get(name) != value for name, value in parameters.tags.items()):
        return False
    if not parameters.nfs:
        return properties.get("allowSharedKeyAccess") is not False
    rules = section(properties, "networkAcls").get("virtualNetworkRules") or ()
    return not properties["supportsHttpsTrafficOnly"] and key_of(subnet) in {key_of(rule["id"]) for rule in rules}


def _body(site: Site, parameters: FileParameters, subnet: str) -> Document:
    properties: Document = {
        "supportsHttpsTrafficOnly": not parameters.nfs,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
    }
    if parameters.kind == "StorageV2":
        properties["largeFileSharesState"] = "Enabled"
    if parameters.nfs:
        rules = [{"id": subnet, "action": "Allow"}]
        properties["networkAcls"] = {"defaultAction": "Deny", "virtualNetworkRules": rules}
    return {
        "location": _location(site, parameters),
        "kind": parameters.kind,
        "sku": {"name": parameters.sku},
        "tags": {**_CREATED_BY, **parameters.tags},
        "properties": properties,
    }


async def _open_subnet(site: Site, subnet: str) -> None:
    """Give the nodes' subnet the service endpoint without which no account can name it."""
    found = await site.arm.get(subnet)
    if found is None:
        return
    endpoints = found["properties"].get("serviceEndpoints") or []
    if not any(one.get("service") == "Microsoft.Storage" for one in endpoints):
        changed = {**found["properties"], "serviceEndpoints": [*endpoints, {"service": "Microsoft.Storage"}]}
        await site.arm.put(subnet, {**found, "properties": changed})


async def set_aside(site: Site, group: str, name: str) -> None:
    """Mark a full account, so that the next share goes to another."""
    path = account_id(site, group, name)
    found = await site.arm.get(path)
    if found is not None:
        await site.arm.patch(path, {"tags": {**(found.get("tags") or {}), SKIP: ""}})
