"""Public IP prefixes: ranges of addresses that follow each other."""

from app.emulator.core.documents import Document
from app.emulator.core.network_addresses import free_prefix
from app.emulator.core.network_documents import PUBLIC_IP_PREFIX
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Draft, Kind, number, one_of
from app.emulator.providers.network.errors import bad, change_not_allowed, prefix_in_use
from app.emulator.providers.network.names import TYPES
from app.emulator.providers.network.references import References

_LENGTHS = {"IPv4": (28, 31), "IPv6": (124, 127)}


def kind() -> Kind:
    """How prefixes are made."""
    return Kind(TYPES[PUBLIC_IP_PREFIX], _build, _check_removal)


def _build(draft: Draft) -> Document:
    asked, before = draft.asked, draft.before
    sku = draft.sku("Standard")
    if sku["name"] == "Basic":
        raise bad("PublicIpPrefixMustBeStandardSku", f"Public IP prefix {draft.id} must have the sku Standard.")
    version = one_of(asked, "publicIPAddressVersion", ("IPv4", "IPv6")) or "IPv4"
    shortest, longest = _LENGTHS[version]
    length = number(asked, "prefixLength", 0, 128)
    if length is None or not shortest <= length <= longest:
        raise bad(
            "PublicIpPrefixInvalidPrefixLength",
            f"Public IP prefix {draft.id} has an invalid prefix length. It must be from {shortest} to {longest} for "
            f"{version}.",
        )
    for name, value in (("prefixLength", length), ("publicIPAddressVersion", version)):
        if before.get(name, value) != value:
            raise change_not_allowed(name, draft.id)
    range_ = before.get("ipPrefix") or free_prefix(draft.cloud, length=length, version=version)
    if range_ is None:
        raise bad("PublicIpPrefixAllocationFailed", f"No range is left for public IP prefix {draft.id}.")
    properties: Document = {
        "prefixLength": length,
        "publicIPAddressVersion": version,
        "ipPrefix": range_,
        "ipTags": asked.get("ipTags") or [],
    }
    return draft.body(properties, sku=sku)


def _check_removal(prefix: Resource, references: References) -> None:
    users = references.users(prefix.id)
    if users:
        raise prefix_in_use(prefix.id, users)
