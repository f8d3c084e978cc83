"""What is asked of Azure's cloud controller, by its annotations' names."""

from dataclasses import replace

import pytest

from app.load_balancers.specs.annotations import StaticAddress, annotations_of, is_internal
from app.load_balancers.specs.exposure_wanted import WantedExposure, WantedPort, WantedProbe

PREFIX = "service.beta.kubernetes.io/"
LOCAL = WantedExposure(ports=(WantedPort(80),), selector={"app": "web"}, external_traffic_policy="Local")


def asked(wanted: WantedExposure, *statics: StaticAddress) -> dict[str, str]:
    return {name.removeprefix(PREFIX): value for name, value in annotations_of(wanted, statics).items()}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (LOCAL, {}),
        (replace(LOCAL, internal=True), {"azure-load-balancer-internal": "true"}),
        (
            replace(LOCAL, internal=True, subnet="apps", private_address="10.1.0.9"),
            {
                "azure-load-balancer-internal": "true",
                "azure-load-balancer-internal-subnet": "apps",
                "azure-load-balancer-ipv4": "10.1.0.9",
            },
        ),
        (
            replace(LOCAL, internal=True, private_address="fd00::9", ip_families=("IPv6",)),
            {"azure-load-balancer-internal": "true", "azure-load-balancer-ipv6": "fd00::9"},
        ),
        (replace(LOCAL, dns_label="shop"), {"azure-dns-label-name": "shop"}),
        (
            replace(LOCAL, allowed_service_tags=("AzureCloud", "AzureFrontDoor.Backend")),
            {"azure-allowed-service-tags": "AzureCloud,AzureFrontDoor.Backend"},
        ),
        (replace(LOCAL, idle_timeout_minutes=30), {"azure-load-balancer-tcp-idle-timeout": "30"}),
        (replace(LOCAL, tcp_reset=False), {"azure-load-balancer-disable-tcp-reset": "true"}),
    ],
)
def test_each_wish_has_its_annotation(wanted: WantedExposure, expected: dict[str, str]) -> None:
    assert asked(wanted) == expected


@pytest.mark.parametrize(
    ("static", "expected"),
    [
        (StaticAddress(name="gateway"), {"azure-pip-name": "gateway"}),
        (
            StaticAddress(name="gateway", group="addresses"),
            {"azure-pip-name": "gateway", "azure-load-balancer-resource-group": "addresses"},
        ),
        (StaticAddress(name="gateway6", version="IPv6"), {"azure-pip-name-ipv6": "gateway6"}),
        (StaticAddress(address="20.1.2.3"), {"azure-load-balancer-ipv4": "20.1.2.3"}),
        (StaticAddress(address="2603::1", version="IPv6"), {"azure-load-balancer-ipv6": "2603::1"}),
    ],
)
def test_a_static_address_is_named(static: StaticAddress, expected: dict[str, str]) -> None:
    assert asked(LOCAL, static) == expected


def test_every_probe_is_written_out_port_by_port() -> None:
    """Trouble 60: never left to a version's default."""
    wanted = WantedExposure(
        ports=(
            WantedPort(80),
            WantedPort(443, probe=WantedProbe("https", "/healthz", port=80, interval_seconds=10, threshold=3)),
            WantedPort(8080, probe=WantedProbe("http")),
            WantedPort(53, protocol="UDP"),
        )
    )
    assert asked(wanted) == {
        "port_80_health-probe_protocol": "tcp",
        "port_80_health-probe_port": "80",
        "port_80_health-probe_interval": "5",
        "port_80_health-probe_num-of-probe": "2",
        "port_443_health-probe_protocol": "https",
        "port_443_health-probe_port": "80",
        "port_443_health-probe_request-path": "/healthz",
        "port_443_health-probe_interval": "10",
        "port_443_health-probe_num-of-probe": "3",
        "port_8080_health-probe_protocol": "http",
        "port_8080_health-probe_port": "8080",
        "port_8080_health-probe_request-path": "/",
        "port_8080_health-probe_interval": "5",
        "port_8080_health-probe_num-of-probe": "2",
    }


@pytest.mark.parametrize(("value", "internal"), [("true", True), ("True", True), ("false", False), ("yes", False)])
def test_others_services_are_internal_as_the_controller_reads_it(value: str, internal: bool) -> None:
    assert is_internal({f"{PREFIX}azure-load-balancer-internal": value}) is internal
    assert not is_internal({})
