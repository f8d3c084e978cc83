"""Which addresses Slipway sends its Azure token to."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.azure.errors import UntrustedLinkError

_DEFAULT_PORTS = {"https": 443, "http": 80}


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine: `localhost`, or an address of the loopback net."""
    if host is None:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class TrustedHosts:
    """Resource Manager's own host and those that the operator allowed; https only, unless the host is this machine."""

    def __init__(self, resource_manager_url: str, allowed_hosts: Iterable[str] = ()) -> None:
        base = urlsplit(resource_manager_url)
        if base.hostname is None or base.scheme not in _DEFAULT_PORTS:
            raise ValueError("The address of Resource Manager must be an absolute http or https URL.")
        # Resource Manager itself is bound to its port; a further host may come as `host` (443) or `host:port`.
        self._trusted = {(base.hostname.lower(), base.port or _DEFAULT_PORTS[base.scheme])}
        for host in allowed_hosts:
            part = urlsplit(f"//{host}")
            if part.hostname:
                self._trusted.add((part.hostname.lower(), part.port or _DEFAULT_PORTS["https"]))

    def check(self, url: str) -> None:
        """Raise `UntrustedLinkError` when the address is not one that the token may go to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise UntrustedLinkError("Azure's answer holds a link that is no URL.") from None
        if host is None or parts.username is not None or parts.password is not None:
            raise UntrustedLinkError("Azure's answer holds a link without a plain host.")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise UntrustedLinkError("Azure's answer holds a link that is not https.")
        if (host.lower(), port or _DEFAULT_PORTS[parts.scheme]) not in self._trusted:
            raise UntrustedLinkError("Azure's answer holds a link to a host that is not allowed.")
