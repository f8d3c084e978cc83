"""Under which names a cluster's API server is found."""

import re

from app.emulator.core.documents import Document, section
from app.emulator.providers.containerservice.errors import invalid_parameter

_LABEL = re.compile(r"^[a-zA-Z0-9]$|^[a-zA-Z0-9][-a-zA-Z0-9]{0,52}[a-zA-Z0-9]$")


def dns_label(asked: Document) -> str:
    """How the names begin: by `dnsPrefix`, or in a private zone of the caller's own by `fqdnSubdomain`."""
    prefix, subdomain = asked.get("dnsPrefix"), asked.get("fqdnSubdomain")
    if subdomain is None:
        return _checked("dnsPrefix", "DNS prefix", prefix)
    access = section(asked, "apiServerAccessProfile")
    if not access.get("enablePrivateCluster") or not str(access.get("privateDNSZone")).startswith("/"):
        raise invalid_parameter(
            "fqdnSubdomain", "it should only be used for a private cluster with a custom private DNS zone"
        )
    if prefix is not None:
        raise invalid_parameter("fqdnSubdomain", "dnsPrefix and fqdnSubdomain cannot be used at the same time")
    return _checked("fqdnSubdomain", "FQDN subdomain", subdomain)


def close(properties: Document, host: str, location: str, guid: str) -> None:
    """Show of a private cluster under which name its own network knows it."""
    access = section(properties, "apiServerAccessProfile")
    if not access.get("enablePrivateCluster"):
        return
    properties["apiServerAccessProfile"] = {"privateDNSZone": "system", **access}
    properties["privateFQDN"] = f"{host}.{guid}.privatelink.{location}.azmk8s.io"
    if "fqdnSubdomain" in properties:
        zone = access["privateDNSZone"].rpartition("/")[2]
        properties["privateFQDN"] = f"{properties['fqdnSubdomain']}.{zone}"


def _checked(name: str, words: str, label: object) -> str:
    if not isinstance(label, str) or not _LABEL.match(label):
        raise invalid_parameter(
            name,
            f"{words} '{label}' is invalid. It must contain between 1 and 54 characters, letters, numbers and "
            "hyphens only, and start and end with a letter or a number",
        )
    return label
