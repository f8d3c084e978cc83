"""The security rules that let traffic to Services in: shared by all Services with the same sources and ports."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from app.emulator.core.documents import Document
from app.emulator.core.network_security import security_rule
from app.emulator.providers.containerservice.cloud_controller.errors import SyncError
from app.emulator.providers.containerservice.cloud_controller.service import IPV4, IPV6

PREFIX = "k8s-azure-lb"
PRIORITIES = range(500, 4096)
MOST_RULES, MOST_ADDRESSES = 1000, 4000


def family_of(text: str) -> str:
    """The family of an address or a range."""
    return IPV6 if ":" in text else IPV4


@dataclass(frozen=True)
class Rule:
    """One rule of this controller."""

    name: str
    priority: int
    protocol: str
    allow: bool
    sources: tuple[str, ...]
    ports: tuple[str, ...]
    destinations: frozenset[str]


@dataclass
class SecurityRules:
    """The rules of one security group: those of this controller as they shall be, all others as they are."""

    group_id: str
    others: list[Document]
    rules: dict[str, Rule] = field(default_factory=dict)

    @classmethod
    def read(cls, group: Document) -> "SecurityRules":
        """From the security group's document."""
        known = cls(group["id"], [])
        for document in group["properties"].get("securityRules", ()):
            if document["name"].startswith(f"{PREFIX}_"):
                known.rules[document["name"]] = _rule(document)
            else:
                known.others.append(document)
        return known

    def forget(self, destinations: Collection[str], retained: Mapping[str, Collection[str]]) -> None:
        """Take these addresses out, but for the ports (by protocol) that other Services have on them."""
        for rule in list(self.rules.values()):
            here = rule.destinations & frozenset(destinations)
            if not here:
                continue
            kept = sorted(set(rule.ports) & set(retained.get(rule.protocol, ())))
            if (rule.allow and len(kept) == len(rule.ports)) or (not rule.allow and any(retained.values())):
                continue
            self._set(rule, rule.destinations - here)
            if rule.allow and kept:
                self.allow(rule.protocol, rule.sources, here, kept)

    def retain(self, destinations: Collection[str]) -> None:
        """Let no rule name an address that nothing has any more."""
        for rule in list(self.rules.values()):
            self._set(rule, rule.destinations & frozenset(destinations))

    def allow(self, protocol: str, sources: Iterable[str], destinations: Iterable[str], ports: Iterable[str]) -> None:
        """Let `sources` (of one family, or a service tag) in."""
        sources, ports, wanted = tuple(sorted(sources)), tuple(sorted(ports)), frozenset(destinations)
        said = "_".join((protocol, ",".join(sources), ",".join(ports)))
        digest = hashlib.md5(said.encode(), usedforsecurity=False).hexdigest()
        name = f"{PREFIX}_allow_{family_of(next(iter(wanted)))}_{digest}"
        rule = self.rules.get(name) or Rule(name, self._priority(), protocol, True, sources, ports, frozenset())
        self._set(rule, rule.destinations | wanted)

    def deny_all(self, destinations: Collection[str]) -> None:
        """Keep out whoever no other rule lets in: by default the whole virtual network may."""
        name = f"{PREFIX}_deny-all_{family_of(next(iter(destinations)))}"
        known = self.rules.get(name)
        rule = known or Rule(name, self._priority(last=True), "*", False, ("*",), ("*",), frozenset())
        self._set(rule, rule.destinations | frozenset(destinations))

    def documents(self) -> list[Document]:
        """All rules of the group, in the order of their priority. Raises `SyncError` beyond Azure's limits."""
        made = [self._document(rule) for rule in self.rules.values()]
        found = sorted([*self.others, *made], key=lambda rule: int(rule["properties"]["priority"]))
        _check("rules", len(found), MOST_RULES)
        sources = sum(len(rule.sources) for rule in self.rules.values())
        _check("source IP addresses", sources, MOST_ADDRESSES)
        destinations = sum(len(rule.destinations) for rule in self.rules.values())
        _check("destination IP addresses", destinations, MOST_ADDRESSES)
        return found

    def _set(self, rule: Rule, destinations: frozenset[str]) -> None:
        self.rules.pop(rule.name, None)
        if destinations:
            self.rules[rule.name] = Rule(
                rule.name, rule.priority, rule.protocol, rule.allow, rule.sources, rule.ports, destinations
            )

    def _priority(self, *, last: bool = False) -> int:
        taken = {int(rule["properties"]["priority"]) for rule in self.others}
        taken |= {rule.priority for rule in self.rules.values()}
        free = (number for number in (reversed(PRIORITIES) if last else PRIORITIES) if number not in taken)
        found = next(free, None)
        if found is None:
            raise SyncError("security rule priority exhausted")
        return found

    def _document(self, rule: Rule) -> Document:
        return security_rule(
            self.group_id,
            rule.name,
            priority=rule.priority,
            protocol=rule.protocol,
            access="Allow" if rule.allow else "Deny",
            sources=rule.sources,
            destinations=sorted(rule.destinations),
            ports=rule.ports,
        )


def _check(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise SyncError(f"exceeds the maximum number of {what} ({count} > {limit})")


def _rule(document: Document) -> Rule:
    properties = document["properties"]
    return Rule(
        name=document["name"],
        priority=properties["priority"],
        protocol=properties["protocol"],
        allow=properties["access"] == "Allow",
        sources=_values(properties, "sourceAddressPrefix"),
        ports=_values(properties, "destinationPortRange"),
        destinations=frozenset(_values(properties, "destinationAddressPrefix")),
    )


def _values(properties: Document, name: str) -> tuple[str, ...]:
    one = properties.get(name)
    many = properties.get(f"{name}es" if name.endswith("Prefix") else f"{name}s") or ()
    return (*((one,) if one else ()), *many)
