"""A change is a merge patch: what is not named stays, null is the default again."""

from typing import Any

import pytest

from app.load_balancers.schemas.exposures import ExposureCreate, ExposureUpdate
from app.load_balancers.specs.exposure_changes import changed, merged
from app.load_balancers.specs.exposure_rules import check_exposure
from app.load_balancers.specs.exposure_wanted import WantedExposure

BODY: dict[str, Any] = {
    "name": "web",
    "namespace": "shop",
    "selector": {"app": "web", "tier": "front"},
    "ports": [{"name": "http", "port": 80, "probe": {"protocol": "http", "path": "/ok"}}],
    "allowed_source_ranges": ["203.0.113.0/24"],
    "idle_timeout_minutes": 10,
    "public_ip": {"id": "gateway"},
}


def wanted_of(body: dict[str, Any]) -> WantedExposure:
    return check_exposure(ExposureCreate.model_validate(body), None)


def after(change: dict[str, Any]) -> tuple[WantedExposure, list[str]]:
    before = wanted_of(BODY)
    body = merged(before.as_json(), ExposureUpdate.model_validate(change), namespace="shop", name="web")
    wanted = check_exposure(body, None)
    return wanted, changed(before, wanted)


@pytest.mark.parametrize(
    ("change", "expected", "names"),
    [
        ({}, {}, []),
        ({"options": {"on_busy": "fail"}}, {}, []),
        ({"idle_timeout_minutes": 20}, {"idle_timeout_minutes": 20}, ["idle_timeout_minutes"]),
        ({"idle_timeout_minutes": 10}, {}, []),
        ({"allowed_source_ranges": None}, {"allowed_source_ranges": ...}, ["allowed_source_ranges"]),
        ({"selector": {"tier": None, "x": "y"}}, {"selector": {"app": "web", "x": "y"}}, ["selector"]),
        ({"selector": None, "service": "pods"}, {"selector": ..., "service": "pods"}, ["selector", "service"]),
        ({"ports": [{"port": 81}]}, {"ports": [{"port": 81}]}, ["ports"]),
        ({"public_ip": None}, {"public_ip": ...}, ["public_ip"]),
        ({"public_ip": {"id": "other"}}, {"public_ip": {"id": "other"}}, ["public_ip"]),
        ({"tcp_reset": None, "session_affinity": None}, {}, []),
    ],
)
def test_a_change_is_merged(change: dict[str, Any], expected: dict[str, Any], names: list[str]) -> None:
    body = {name: value for name, value in {**BODY, **expected}.items() if value is not ...}
    assert after(change) == (wanted_of(body), names)


def test_what_is_wanted_survives_its_column() -> None:
    wanted = wanted_of(BODY)
    assert WantedExposure.from_json(wanted.as_json()) == wanted
