"""What an exposure may not ask for: each broken rule by its place, and all of them at once."""

from typing import Any

import pytest

from app.core.errors import FieldError, InvalidRequestError
from app.load_balancers.schemas.exposures import ExposureCreate
from app.load_balancers.specs.exposure_rules import check_exposure

HTTP = {"name": "http", "port": 80}
HTTPS = {"name": "https", "port": 443}
WEB: dict[str, Any] = {"name": "web", "selector": {"app": "web"}, "ports": [HTTP]}


def broken(change: dict[str, Any], *against: FieldError) -> list[tuple[str, str]]:
    body = {name: value for name, value in {**WEB, **change}.items() if value is not ...}
    try:
        check_exposure(ExposureCreate.model_validate(body), None, against)
    except InvalidRequestError as error:
        return [(found.code, found.pointer) for found in error.problem.errors]
    return []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"selector": ..., "service": "web-pods"},
        {"ports": [{"port": 80}]},
        {"ports": [HTTP, {"name": "dns", "port": 80, "protocol": "UDP"}]},
        {"ports": [{**HTTP, "target_port": "http"}, {**HTTPS, "probe": {"protocol": "https", "port": 80}}]},
        {"internal": True, "subnet": "apps", "private_address": "10.1.0.9"},
        {"public_ip": {"id": "gateway"}},
        {"public_ip": {"make": True, "keep": True}},
        {"allowed_source_ranges": ["0.0.0.0/0"], "allowed_service_tags": ["AzureFrontDoor.Backend"]},
        {"ip_families": ["IPv4", "IPv6"], "allowed_source_ranges": ["2001:db8::/32", "203.0.113.0/24"]},
        {"external_traffic_policy": "Local", "session_affinity": "ClientIP", "idle_timeout_minutes": 30},
    ],
)
def test_what_keeps_the_rules_is_taken(change: dict[str, Any]) -> None:
    assert broken(change) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"selector": ...}, [("required", "/selector")]),
        ({"service": "pods"}, [("pods_given_twice", "/service")]),
        ({"selector": {}}, [("empty_selector", "/selector")]),
        ({"selector": ..., "service": "web"}, [("service_is_itself", "/service")]),
        ({"ports": [HTTP, {"name": "again", "port": 80}]}, [("duplicate_port", "/ports/1/port")]),
        ({"ports": [HTTP, {"port": 443}]}, [("required", "/ports/1/name")]),
        (
            {"ports": [HTTP, {**HTTP, "port": 81}]},
            [("duplicate_port_name", "/ports/0/name"), ("duplicate_port_name", "/ports/1/name")],
        ),
        ({"ip_families": ["IPv4", "IPv4"]}, [("duplicate_family", "/ip_families")]),
        (
            {"share_address_with": "default/other", "dns_label": "web-x"},
            [("dns_label_with_shared_address", "/dns_label")],
        ),
    ],
)
def test_a_broken_rule_is_told_by_its_place(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert broken(change) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"internal": True, "public_ip": {"id": "x"}}, [("public_ip_with_internal", "/public_ip")]),
        ({"internal": True, "dns_label": "web-x"}, [("dns_label_with_internal", "/dns_label")]),
        ({"subnet": "apps"}, [("subnet_without_internal", "/subnet")]),
        ({"private_address": "10.1.0.9"}, [("private_address_without_internal", "/private_address")]),
        ({"internal": True, "private_address": "10.1.0"}, [("invalid_address", "/private_address")]),
        ({"internal": True, "private_address": "fd00::1"}, [("other_family", "/private_address")]),
        ({"public_ip": {}}, [("public_ip_unclear", "/public_ip")]),
        ({"public_ip": {"id": "x", "make": True}}, [("public_ip_unclear", "/public_ip")]),
        ({"public_ip": {"id": "x", "keep": True}}, [("keep_without_make", "/public_ip/keep")]),
        ({"public_ip": {"id": "x"}, "ip_families": ["IPv4", "IPv6"]}, [("static_dual_stack", "/public_ip")]),
    ],
)
def test_addresses_that_contradict_each_other_are_refused(
    change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Trouble 61 as well: a family is only ever what was asked for."""
    assert broken(change) == expected


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ([], [("empty_list", "/allowed_source_ranges")]),
        (["10.0.0.1/8"], [("range_not_aligned", "/allowed_source_ranges/0")]),
        (["10.0.0.0/33"], [("invalid_range", "/allowed_source_ranges/0")]),
        (["203.0.113.7"], [("invalid_range", "/allowed_source_ranges/0")]),
        (["2001:db8::/32"], [("other_family", "/allowed_source_ranges/0")]),
        (["10.0.0.0/8", "10.0.0.0/8"], [("duplicate_value", "/allowed_source_ranges/1")]),
    ],
)
def test_source_ranges_are_checked_and_an_empty_list_is_not_everybody(
    ranges: list[str], expected: list[tuple[str, str]]
) -> None:
    """Trouble 57."""
    assert broken({"allowed_source_ranges": ranges}) == expected


def test_an_empty_list_of_service_tags_is_not_everybody() -> None:
    assert broken({"allowed_service_tags": []}) == [("empty_list", "/allowed_service_tags")]


@pytest.mark.parametrize(
    ("probe", "port", "expected"),
    [
        ({"protocol": "tcp", "path": "/ok"}, {}, [("path_without_http", "/ports/0/probe/path")]),
        ({"port": 81}, {}, [("unknown_probe_port", "/ports/0/probe/port")]),
        ({"interval_seconds": 60, "threshold": 2}, {}, [("probe_too_slow", "/ports/0/probe/threshold")]),
        ({}, {"protocol": "UDP"}, [("probe_of_udp", "/ports/0/probe")]),
    ],
)
def test_a_probe_that_azure_would_not_make_is_refused(
    probe: dict[str, Any], port: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Trouble 60."""
    assert broken({"ports": [{**HTTP, **port, "probe": probe}]}) == expected


def test_with_the_local_policy_the_probe_is_kubernetes_own() -> None:
    """Trouble 60: the controller would ignore another one in silence."""
    found = broken({"external_traffic_policy": "Local", "ports": [{**HTTP, "probe": {"protocol": "http"}}]})
    assert found == [("probe_with_local", "/ports/0/probe")]


def test_all_that_is_broken_is_told_at_once() -> None:
    against = FieldError("dns_label_taken", "/dns_label", "Another exposure has it.")
    change = {
        "service": "pods",
        "ports": [HTTP, {"port": 80}],
        "internal": True,
        "public_ip": {},
        "allowed_source_ranges": ["10.0.0.0/40", "10.0.0.1/8"],
    }
    assert broken(change, against) == [
        ("dns_label_taken", "/dns_label"),
        ("pods_given_twice", "/service"),
        ("duplicate_port", "/ports/1/port"),
        ("required", "/ports/1/name"),
        ("public_ip_with_internal", "/public_ip"),
        ("public_ip_unclear", "/public_ip"),
        ("invalid_range", "/allowed_source_ranges/0"),
        ("range_not_aligned", "/allowed_source_ranges/1"),
    ]
