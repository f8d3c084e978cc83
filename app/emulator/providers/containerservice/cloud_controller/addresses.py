"""The public addresses of a Service: found or made, tagged with who uses them, given back."""

from dataclasses import dataclass

from app.emulator.core.documents import Document, clone, section
from app.emulator.core.inside import ArmError
from app.emulator.core.network_documents import PUBLIC_IP, reference, resource
from app.emulator.providers.containerservice.cloud_controller import annotations as known
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.place import Place
from app.emulator.providers.containerservice.cloud_controller.service import CLUSTER, LoadBalancerService

CLUSTER_TAG = "k8s-azure-cluster-name"
SERVICE_TAG = "k8s-azure-service"
DNS_TAG = "k8s-azure-dns-label-service"
_HELD = "PublicIPAddressCannotBeDeleted"


@dataclass(frozen=True)
class Chosen:
    """Which public IP a Service shall have."""

    group: str
    name: str
    must_exist: bool


async def choose(place: Place, service: LoadBalancerService, family: str) -> Chosen:
    """By name, by prefix, by address, or one of its own. Raises `SyncError` for an address that is not there."""
    group = service.address_group(place.group.name)
    named = service.address_name(family)
    if named:
        return Chosen(group, named, must_exist=True)
    address = service.address(family)
    if service.address_prefix(family) or not address:
        return Chosen(group, service.managed_address_name(family), must_exist=False)
    for found in await place.arm.list_(place.addresses_id(group)):
        if found["properties"].get("ipAddress") == address:
            return Chosen(group, found["name"], must_exist=False)
    raise SyncError(
        f"findMatchedPIPByLoadBalancerIP: cannot find public IP with IP address {address} in resource group {group}"
    )


async def ensure(place: Place, service: LoadBalancerService, family: str, chosen: Chosen) -> Document:
    """The public IP, made or changed where it is not as the Service asks."""
    identity = place.address_id(chosen.group, chosen.name)
    before = await place.arm.get(identity)
    if before is None and chosen.must_exist:
        raise SyncError(
            f"PublicIP from annotation azure-pip-name(-IPv6)={chosen.name} for service {service.key} doesn't exist"
        )
    wanted = clone(before) if before is not None else _fresh(place, service, family, identity)
    tags = wanted.setdefault("tags", {})
    if before is None or services_of(before):
        _bind(tags, service)
        tags.update(known.pairs(service.annotations.get(known.ADDRESS_TAGS, "")))
    _name(service, wanted, chosen.name)
    done = before is not None and section(before, "properties").get("provisioningState") == "Succeeded"
    if before is not None and done and {**before, "tags": before.get("tags") or {}} == wanted:
        return before
    return await _put(place, identity, wanted)


async def _put(place: Place, identity: str, wanted: Document) -> Document:
    try:
        return await place.arm.put(identity, wanted)
    except Exception as error:
        place.recorder.warning("CreateOrUpdatePublicIPAddress", str(error))
        raise


def _fresh(place: Place, service: LoadBalancerService, family: str, identity: str) -> Document:
    properties: Document = {"publicIPAddressVersion": family, "publicIPAllocationMethod": "Static"}
    prefix = service.address_prefix(family)
    if prefix:
        properties["publicIPPrefix"] = reference(prefix)
    ip_tags = known.pairs(service.annotations.get(known.ADDRESS_IP_TAGS, ""))
    if ip_tags:
        properties["ipTags"] = [{"ipTagType": kind, "tag": tag} for kind, tag in sorted(ip_tags.items())]
    body = resource(
        identity,
        PUBLIC_IP,
        place.group.location,
        properties,
        sku={"name": "Standard"},
        tags={SERVICE_TAG: "", CLUSTER_TAG: CLUSTER},
        zones=place.zones,
    )
    del body["properties"]["provisioningState"]
    return body


def services_of(address: Document) -> list[str]:
    """The Services that the tags name; none for an address that a user has made."""
    said = (address.get("tags") or {}).get(SERVICE_TAG, "")
    return [name.strip() for name in said.split(",") if name.strip()]


def _bind(tags: Document, service: LoadBalancerService) -> None:
    names = [name for name in tags.get(SERVICE_TAG, "").split(",") if name]
    if service.key not in names:
        tags[SERVICE_TAG] = ",".join([*names, service.key])


def _name(service: LoadBalancerService, address: Document, name: str) -> None:
    """Give the address the DNS label that the Service asks for; an empty one takes it away."""
    label = service.annotations.get(known.DNS_LABEL)
    if label is None:
        return
    said = f"ensurePublicIPExists for service({service.key}): pip({name})"
    said = f"ensurePublicIPExists for service({service.key}): failed to reconcileDNSSettings: {said}"
    holder = address["tags"].get(DNS_TAG, "")
    if holder and holder.lower() != service.key.lower():
        raise SyncError(
            f"{said} - there is an existing service {holder} consuming the DNS label on the public IP, so the service "
            "cannot set the DNS label annotation with this value"
        )
    present = section(address, "properties", "dnsSettings").get("domainNameLabel")
    if not label:
        address["properties"].pop("dnsSettings", None)
        return
    if present and present.lower() != label.lower():
        raise SyncError(f"{said} - there is an existing DNS label {present} on the public IP")
    if not present:
        address["properties"]["dnsSettings"] = {"domainNameLabel": label}
    address["tags"][DNS_TAG] = service.key


async def release(place: Place, service: LoadBalancerService, *, keep: frozenset[str]) -> None:
    """Give back what the Service no longer needs; `keep` are the names of the public IPs that it has.

    Only addresses that a controller has made are ever deleted, and only those in the Service's own resource group are
    looked at: what it leaves behind in another one stays (cloud-provider-azure#8113).
    """
    group = service.address_group(place.group.name)
    for address in await place.arm.list_(place.addresses_id(group)):
        names = services_of(address)
        if service.key not in names or address["name"] in keep or not _of_this_cluster(address):
            continue
        rest = [name for name in names if name != service.key]
        identity = place.address_id(group, address["name"])
        if not rest:
            await _delete(place, identity)
            continue
        address["tags"][SERVICE_TAG] = ",".join(rest)
        if address["tags"].get(DNS_TAG) == service.key:
            address["tags"][DNS_TAG] = ""
        await _put(place, identity, address)


def _of_this_cluster(address: Document) -> bool:
    return bool(address["tags"].get(CLUSTER_TAG, CLUSTER) == CLUSTER)


async def _delete(place: Place, identity: str) -> None:
    try:
        await place.arm.delete(identity)
    except ArmError as error:
        place.recorder.warning("DeletePublicIPAddress", str(error))
        # The real one goes on too, and thereby orphans the address.
        if error.code != _HELD:
            raise
