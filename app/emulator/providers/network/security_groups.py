"""Network security groups: rules with priorities of their own, in the ranges that Azure takes."""

import ipaddress
import re
from typing import Any

from app.emulator.core.documents import Document
from app.emulator.core.network_documents import SECURITY_GROUP
from app.emulator.core.network_limits import MOST_SECURITY_RULES
from app.emulator.core.network_security import default_rules
from app.emulator.core.store import Resource
from app.emulator.providers.network.drafts import Draft, Kind
from app.emulator.providers.network.errors import bad, invalid_format, security_group_in_use
from app.emulator.providers.network.names import TYPES
from app.emulator.providers.network.references import References

_PRIORITIES = range(100, 4097)
_PORTS = range(65536)
_TAG = re.compile(r"^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*$")
_WORDS = {
    "protocol": ("Tcp", "Udp", "Icmp", "Esp", "Ah", "*"),
    "access": ("Allow", "Deny"),
    "direction": ("Inbound", "Outbound"),
}
_ADDRESSES = (
    ("sourceAddressPrefix", "sourceAddressPrefixes", "sourceApplicationSecurityGroups"),
    ("destinationAddressPrefix", "destinationAddressPrefixes", "destinationApplicationSecurityGroups"),
)
_RANGES = (("sourcePortRange", "sourcePortRanges"), ("destinationPortRange", "destinationPortRanges"))


def kind() -> Kind:
    """How security groups are made."""
    return Kind(TYPES[SECURITY_GROUP], _build, _check_removal)


def _build(draft: Draft) -> Document:
    rules = draft.parts("securityRules")
    if len(rules) > MOST_SECURITY_RULES:
        raise bad(
            "SecurityGroupRulesCountLimitReached",
            f"Network security group {draft.id} cannot have more than {MOST_SECURITY_RULES} security rules.",
        )
    seen: dict[tuple[int, str], str] = {}
    for rule in rules:
        _check_rule(rule)
        place = (rule["properties"]["priority"], rule["properties"]["direction"])
        if place in seen:
            raise bad(
                "SecurityRuleConflict",
                f"Security rule {rule['name']} conflicts with rule {seen[place]}. Rules cannot have the same Priority "
                "and Direction.",
            )
        seen[place] = rule["name"]
    return draft.body({"securityRules": rules, "defaultSecurityRules": default_rules(draft.id)})


def _check_rule(rule: Document) -> None:
    properties = rule["properties"]
    for name, words in _WORDS.items():
        spelled = {word.lower(): word for word in words}
        word = str(properties.get(name)).lower()
        if word not in spelled:
            raise bad(
                "SecurityRuleParameterContainsUnsupportedValue",
                f"Security rule parameter {name[0].upper()}{name[1:]} for rule with Id {rule['id']} has an unsupported "
                f"value. Supported values are {', '.join(words)}.",
            )
        properties[name] = spelled[word]
    priority = properties.get("priority")
    if type(priority) is not int or priority not in _PRIORITIES:
        raise bad(
            "SecurityRuleInvalidPriority",
            f"Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096.",
        )
    for one, many, *groups in _ADDRESSES:
        values = _values(properties, one, many)
        if not values and not any(properties.get(group) for group in groups):
            raise _missing(rule, one)
        for value in values:
            _check_address(value)
    for one, many in _RANGES:
        values = _values(properties, one, many)
        if not values:
            raise _missing(rule, one)
        for value in values:
            _check_ports(value)


def _missing(rule: Document, name: str) -> Exception:
    return bad(
        "SecurityRuleMissingParameter",
        f"Security rule {rule['id']} needs {name} or its plural.",
    )


def _values(properties: Document, one: str, many: str) -> list[str]:
    several: Any = properties.get(many) or []
    if not isinstance(several, list) or not all(isinstance(value, str) for value in several):
        raise invalid_format(f"{many} must be a list of strings")
    single = properties.get(one)
    return [str(single), *several] if single is not None else several


def _check_address(text: str) -> None:
    if text == "*" or _TAG.match(text):
        return
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise bad(
            "SecurityRuleInvalidAddressPrefix", f"Security rule has invalid Address prefix. Value provided: {text}"
        ) from None


def _check_ports(text: str) -> None:
    first, _, last = text.partition("-")
    ends = (first, last or first)
    if text == "*" or (all(end.isdecimal() and int(end) in _PORTS for end in ends) and int(ends[0]) <= int(ends[1])):
        return
    raise bad(
        "SecurityRuleInvalidPortRange",
        f"Security rule has invalid Port range. Value provided: {text}. Value should be an integer OR integer range "
        "with '-' delimiter. Valid range 0-65535.",
    )


def _check_removal(group: Resource, references: References) -> None:
    users = references.users(group.id)
    if users:
        raise security_group_in_use(group.id, users)
