"""Who refers to what: the other direction of the references that documents hold."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.network_documents import (
    LOAD_BALANCER,
    NETWORK_INTERFACE,
    PUBLIC_IP,
    SCALE_SET_NIC,
    VIRTUAL_NETWORK,
)
from app.emulator.core.paths import key_of, split_path

_LISTS = {
    LOAD_BALANCER: (
        "frontendIPConfigurations",
        "loadBalancingRules",
        "inboundNatRules",
        "inboundNatPools",
        "outboundRules",
    ),
    NETWORK_INTERFACE: ("ipConfigurations",),
    SCALE_SET_NIC: ("ipConfigurations",),
    VIRTUAL_NETWORK: ("subnets",),
    PUBLIC_IP: (),
}
_FIELDS = (
    "publicIPAddress",
    "publicIPPrefix",
    "subnet",
    "networkSecurityGroup",
    "routeTable",
    "frontendIPConfiguration",
    "frontendIPConfigurations",
    "backendAddressPool",
    "backendAddressPools",
    "probe",
    "loadBalancerBackendAddressPools",
    "loadBalancerInboundNatRules",
)
_FIELDS_OF_RESOURCES = ("networkSecurityGroup", "publicIPPrefix")


Users = dict[str, dict[str, dict[str, None]]]
"""By the target's key and the user's kind: the users, in order."""


def kind_of(identity: str) -> str:
    """The last kind in an id, in lower case: `subnets`, `loadbalancers`."""
    return split_path(identity)[-2].lower()


class References:
    """The index of all references of one cloud, made again when something changed."""

    def __init__(self, users: Users, leaves: Callable[[str], bool] = lambda _: False) -> None:
        """`users` by target and kind; those that are leaving do not count."""
        self._users = users
        self._leaves = leaves

    @classmethod
    def of(cls, cloud: Cloud) -> "References":
        """Look at every document that refers to others."""
        found = cls({})
        for resource_type, lists in _LISTS.items():
            for resource in cloud.store.of_type(resource_type):
                properties = resource.body["properties"]
                found._add(resource.id, properties, _FIELDS_OF_RESOURCES)
                for name in lists:
                    for part in properties.get(name, ()):
                        found._add(part["id"], part["properties"], _FIELDS)
        return found

    def _add(self, user: str, properties: Document, fields: Iterable[str]) -> None:
        for name in fields:
            for target in _targets(properties.get(name)):
                kinds = self._users.setdefault(key_of(target), {})
                kinds.setdefault(kind_of(user), {})[user] = None

    def users(self, identity: str, *kinds: str) -> list[str]:
        """The ids that refer to `identity`; of `kinds` (in lower case) only, where some are given."""
        known = self._users.get(key_of(identity), {})
        found = [user for kind, users in known.items() if not kinds or kind in kinds for user in users]
        return [user for user in found if not self._leaves(user)]

    def without(self, leaves: Callable[[str], bool]) -> "References":
        """The same, but for users that are leaving."""
        return References(self._users, leaves)


def _targets(value: Any) -> Iterator[str]:
    for entry in value if isinstance(value, list) else (value,):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield entry["id"]


class ReferenceIndex:
    """`References` kept for as long as nothing changes."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: tuple[Cloud, int, References] | None = None

    def of(self, cloud: Cloud) -> References:
        """The references as they are now."""
        if self._known is None or self._known[0] is not cloud or self._known[1] != cloud.store.version:
            self._known = (cloud, cloud.store.version, References.of(cloud))
        return self._known[2]
