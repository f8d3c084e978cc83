"""The annotations of cloud-provider-azure, and how it reads their values.

https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/
"""

from collections.abc import Callable, Mapping

from app.emulator.providers.containerservice.cloud_controller.errors import SyncError

PREFIX = "service.beta.kubernetes.io/"
INTERNAL = f"{PREFIX}azure-load-balancer-internal"
INTERNAL_SUBNET = f"{PREFIX}azure-load-balancer-internal-subnet"
RESOURCE_GROUP = f"{PREFIX}azure-load-balancer-resource-group"
ADDRESS = {"IPv4": f"{PREFIX}azure-load-balancer-ipv4", "IPv6": f"{PREFIX}azure-load-balancer-ipv6"}
ADDRESS_NAME = {"IPv4": f"{PREFIX}azure-pip-name", "IPv6": f"{PREFIX}azure-pip-name-ipv6"}
ADDRESS_PREFIX = {"IPv4": f"{PREFIX}azure-pip-prefix-id", "IPv6": f"{PREFIX}azure-pip-prefix-id-ipv6"}
ADDRESS_TAGS = f"{PREFIX}azure-pip-tags"
ADDRESS_IP_TAGS = f"{PREFIX}azure-pip-ip-tags"
ADDITIONAL_ADDRESSES = f"{PREFIX}azure-additional-public-ips"
DNS_LABEL = f"{PREFIX}azure-dns-label-name"
ALLOWED_TAGS = f"{PREFIX}azure-allowed-service-tags"
ALLOWED_RANGES = (f"{PREFIX}azure-allowed-ip-ranges", f"{PREFIX}load-balancer-source-ranges")
DENY_ALL_OTHERS = f"{PREFIX}azure-deny-all-except-load-balancer-source-ranges"
NO_SECURITY_RULES = f"{PREFIX}azure-disable-load-balancer-security-group-rules"
IDLE_TIMEOUT = f"{PREFIX}azure-load-balancer-tcp-idle-timeout"
NO_TCP_RESET = f"{PREFIX}azure-load-balancer-disable-tcp-reset"
NO_FLOATING_IP = f"{PREFIX}azure-disable-load-balancer-floating-ip"
PROBE = f"{PREFIX}azure-load-balancer-health-probe-"


def port_key(port: int, what: str) -> str:
    """The annotation of one port: `port_80_health-probe_protocol`, `port_80_no_lb_rule`."""
    return f"{PREFIX}port_{port}_{what}"


def is_true(annotations: Mapping[str, str], key: str) -> bool:
    """Whether an annotation says true; any other value, or none, is false."""
    return annotations.get(key, "").strip().lower() == "true"


def listed(value: str) -> list[str]:
    """The values of a list with commas, without blanks."""
    return [part.strip() for part in value.strip().split(",")]


def pairs(value: str) -> dict[str, str]:
    """`a=b,c=d`; what is no pair is passed over, as the real controller does."""
    found: dict[str, str] = {}
    for entry in value.split(","):
        name, *rest = entry.split("=")
        if len(rest) == 1 and name.strip():
            found[name.strip()] = rest[0].strip()
    return found


def number(annotations: Mapping[str, str], key: str, check: Callable[[int], str | None]) -> int | None:
    """A whole number, none without the annotation. `check` says what is wrong with a value. Raises `SyncError`."""
    text = annotations.get(key)
    if text is None:
        return None
    text = text.strip()
    try:
        value = int(text)
    except ValueError as error:
        raise SyncError(
            f'error value: strconv.ParseInt: parsing "{text}": invalid syntax: {text} value must be a whole number'
        ) from error
    wrong = check(value)
    if wrong is not None:
        raise SyncError(f"error parsing value: {wrong}")
    return value
