"""Under which names AKS lets a cluster's API server be found."""

from typing import Any

import pytest

from app.emulator.core.errors import AzureError
from app.emulator.providers.containerservice.dns_names import close, dns_label

ZONE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateDnsZones/privatelink.westus2.azmk8s.io"
PRIVATE = {"enablePrivateCluster": True, "privateDNSZone": ZONE}


def test_a_subdomain_names_the_cluster_in_the_zone() -> None:
    asked: dict[str, Any] = {"fqdnSubdomain": "blue", "apiServerAccessProfile": PRIVATE}
    assert dns_label(asked) == "blue"
    close(asked, "blue-1234", "westus2", "guid")
    assert asked["privateFQDN"] == "blue.privatelink.westus2.azmk8s.io"


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ({}, "dnsPrefix"),
        ({"dnsPrefix": "-bad"}, "dnsPrefix"),
        ({"fqdnSubdomain": "blue"}, "fqdnSubdomain"),
        ({"fqdnSubdomain": "blue", "apiServerAccessProfile": {"enablePrivateCluster": True}}, "fqdnSubdomain"),
        ({"fqdnSubdomain": "-bad", "apiServerAccessProfile": PRIVATE}, "fqdnSubdomain"),
        ({"fqdnSubdomain": "blue", "dnsPrefix": "blue", "apiServerAccessProfile": PRIVATE}, "fqdnSubdomain"),
    ],
)
def test_what_names_it_otherwise_is_refused(asked: dict[str, Any], target: str) -> None:
    with pytest.raises(AzureError) as refused:
        dns_label(asked)
    assert f"parameter {target}" in refused.value.message
