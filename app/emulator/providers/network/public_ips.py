"""Public addresses: given out for good while they are in use, with DNS labels unique in a location."""

import re

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.network_addresses import free_address, free_address_of_prefix
from app.emulator.core.network_documents import NETWORK, PUBLIC_IP, PUBLIC_IP_PREFIX, dns_name
from app.emulator.core.network_limits import check_public_ip_quota
from app.emulator.core.paths import key_of
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Draft, Kind, number, one_of, target_of
from app.emulator.providers.network.errors import bad, change_not_allowed, invalid_format, public_ip_in_use
from app.emulator.providers.network.names import IN_SUBSCRIPTION, TYPES
from app.emulator.providers.network.references import References

LABEL = re.compile(r"^[a-z][a-z0-9-]{1,61}[a-z0-9]$")
USERS = ("ipconfigurations", "frontendipconfigurations")


def kind() -> Kind:
    """How public addresses are made."""
    return Kind(TYPES[PUBLIC_IP], _build, _check_removal, reserve=_reserve, finish=_finish, retry_after=1)


def routes() -> list[Route]:
    """What is asked about a DNS label before it is used."""
    path = f"{IN_SUBSCRIPTION}/locations/{{location}}/CheckDnsNameAvailability"
    return [Route("GET", path, "CheckDnsNameAvailability", _check_label, NETWORK)]


async def _check_label(cloud: Cloud, call: Call) -> Answer:
    label, location = call.query.get("domainnamelabel", ""), call.parameter("location").lower()
    if not LABEL.match(label):
        raise _bad_label(label)
    if _holder(cloud, dns_name(label, location)) is None:
        return Answer(200, {"available": True})
    message = f"DNS record {dns_name(label, location)} is already used by another public IP."
    return Answer(200, {"available": False, "message": message})


def _holder(cloud: Cloud, name: str) -> Resource | None:
    every = cloud.store.of_type(PUBLIC_IP)
    return next((one for one in every if section(one.body, "properties", "dnsSettings").get("fqdn") == name), None)


def _bad_label(label: object) -> AzureError:
    return bad(
        "InvalidDomainNameLabel",
        f"The domain name label {label} is invalid. It must conform to the following regular expression: "
        f"{LABEL.pattern}.",
    )


def _build(draft: Draft) -> Document:
    asked, before = draft.asked, draft.before
    sku = draft.sku("Basic")
    version = one_of(asked, "publicIPAddressVersion", ("IPv4", "IPv6")) or before.get("publicIPAddressVersion", "IPv4")
    allocation = one_of(asked, "publicIPAllocationMethod", ("Static", "Dynamic")) or before.get(
        "publicIPAllocationMethod", "Dynamic"
    )
    if sku["name"] != "Basic" and allocation != "Static":
        raise bad(
            "StandardSkuPublicIPAddressMustBeStatic",
            f"{sku['name']} sku publicIp {draft.id} must have AllocationMethod set to Static.",
        )
    properties: Document = {
        "publicIPAddressVersion": version,
        "publicIPAllocationMethod": allocation,
        "idleTimeoutInMinutes": number(asked, "idleTimeoutInMinutes", 4, 30) or 4,
        "ipTags": asked.get("ipTags") or [],
        "ddosSettings": asked.get("ddosSettings") or {"protectionMode": "VirtualNetworkInherited"},
    }
    prefix = target_of(asked, "publicIPPrefix")
    if prefix is not None:
        properties["publicIPPrefix"] = {"id": _check_prefix(draft, prefix, version, sku["name"])}
    if section(asked, "dnsSettings"):
        properties["dnsSettings"] = _dns(draft, section(asked, "dnsSettings"))
    if draft.known is not None:
        _check_unchanged(draft, properties)
    else:
        check_public_ip_quota(draft.cloud, draft.subscription, draft.location())
    if before.get("ipAddress"):
        properties["ipAddress"] = before["ipAddress"]
    return draft.body(properties, sku=sku)


def _check_unchanged(draft: Draft, properties: Document) -> None:
    immutable = ["publicIPAddressVersion", "publicIPPrefix"]
    if draft.references.users(draft.id, *USERS):
        immutable.append("publicIPAllocationMethod")
    for name in immutable:
        if draft.before.get(name) != properties.get(name):
            raise change_not_allowed(name, draft.id)


def _check_prefix(draft: Draft, prefix_id: str, version: str, sku: str) -> str:
    prefix = draft.require(prefix_id, draft.id, PUBLIC_IP_PREFIX)
    properties = prefix.body["properties"]
    if properties["publicIPAddressVersion"] != version or prefix.body["sku"]["name"] != sku:
        raise bad(
            "PublicIPAddressAndPublicIPPrefixDoNotMatch",
            f"Public IP address {draft.id} and public IP prefix {prefix.id} must have the same version and sku.",
        )
    if draft.known is None and free_address_of_prefix(draft.cloud, properties["ipPrefix"]) is None:
        raise bad(
            "PublicIpPrefixOutOfIpAddresses",
            f"Public IP prefix {prefix.id} does not have any available IP addresses for public IP address {draft.id}.",
        )
    return prefix.id


def _dns(draft: Draft, settings: Document) -> Document:
    label = settings.get("domainNameLabel")
    if not isinstance(label, str) or not LABEL.match(label):
        raise _bad_label(label)
    name = dns_name(label, draft.location())
    holder = _holder(draft.cloud, name)
    if holder is not None and holder.key != key_of(draft.id):
        raise bad("DnsRecordInUse", f"DNS record {name} is already used by another public IP.")
    if not isinstance(settings.get("reverseFqdn"), str | None):
        raise invalid_format("reverseFqdn must be a string")
    kept = {key: value for key, value in settings.items() if key in {"reverseFqdn", "domainNameLabelScope"}}
    return {"domainNameLabel": label, "fqdn": name, **kept}


def _reserve(cloud: Cloud, address: Resource, _draft: Draft) -> None:
    """Choose the address now, so that no other gets it; it is shown when the operation ends."""
    properties = address.body["properties"]
    if properties["publicIPAllocationMethod"] == "Static" and not properties.get("ipAddress"):
        address.internal.setdefault("address", _choose(cloud, address))


def _choose(cloud: Cloud, address: Resource) -> str:
    properties = address.body["properties"]
    prefix = cloud.store.get(section(properties, "publicIPPrefix").get("id", ""))
    if prefix is not None:
        chosen = free_address_of_prefix(cloud, prefix.body["properties"]["ipPrefix"])
    else:
        chosen = free_address(cloud, guid=properties["resourceGuid"], version=properties["publicIPAddressVersion"])
    if chosen is None:
        raise bad("PublicIPAddressAllocationFailed", f"No address is left for public IP address {address.id}.")
    return chosen


def _finish(_cloud: Cloud, address: Resource) -> None:
    chosen = address.internal.pop("address", None)
    if chosen is not None:
        address.body["properties"]["ipAddress"] = chosen


def give_dynamic_address(cloud: Cloud, address: Resource) -> None:
    """Give an address to one of dynamic allocation, as happens when it is attached."""
    if not address.body["properties"].get("ipAddress") and "address" not in address.internal:
        address.body["properties"]["ipAddress"] = _choose(cloud, address)
        cloud.store.touch(address)


def _check_removal(address: Resource, references: References) -> None:
    users = references.users(address.id, *USERS)
    if users:
        raise public_ip_in_use(address.id, users[0])
