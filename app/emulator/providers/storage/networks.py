"""An account's network rules name subnets, which must have a service endpoint for storage."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.paths import key_of, split_path
from app.emulator.providers.storage.errors import refused

_NETWORK_SEGMENTS = 8
"""`/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/<name>`."""


def check_networks(cloud: Cloud, body: Document) -> None:
    """Refuse rules for subnets that are not there, or that storage cannot be reached from by their own address."""
    for rule in body["properties"]["networkAcls"].get("virtualNetworkRules") or ():
        subnet = _subnet(cloud, rule["id"])
        if subnet is None:
            raise refused(
                400,
                "NetworkAclsValidationFailure",
                f"Validation of network acls failure: SubnetsNotFound:Subnet {rule['id']} was not found.",
            )
        endpoints = subnet.get("properties", {}).get("serviceEndpoints") or ()
        if not any(endpoint.get("service", "").startswith("Microsoft.Storage") for endpoint in endpoints):
            network, name = split_path(rule["id"])[7], split_path(rule["id"])[-1]
            raise refused(
                400,
                "NetworkAclsValidationFailure",
                "Validation of network acls failure: SubnetsHaveNoServiceEndpointsConfigured:Subnets "
                f"{name} of virtual network {network} do not have ServiceEndpoints for Microsoft.Storage resources "
                "configured. Add Microsoft.Storage to subnet's ServiceEndpoints collection before trying to ACL "
                "Microsoft.Storage resources to these subnets.",
            )


def _subnet(cloud: Cloud, identity: str) -> Document | None:
    network = cloud.store.get("/" + "/".join(split_path(identity)[:_NETWORK_SEGMENTS]))
    if network is None:
        return None
    subnets: list[Document] = network.body["properties"].get("subnets") or []
    return next((subnet for subnet in subnets if key_of(subnet["id"]) == key_of(identity)), None)
