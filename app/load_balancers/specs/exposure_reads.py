"""An exposure's row as callers see it. What `observed` holds is written by `specs/exposure_observed.py`."""

from typing import Any

from app.core.json import JsonObject
from app.load_balancers.schemas.exposures_read import (
    ExposedAddressRead,
    ExposedPortRead,
    ExposureHealthRead,
    ExposureRead,
    PendingRead,
)
from app.models import Exposure


def exposure_read(exposure: Exposure) -> ExposureRead:
    """An exposure as callers see it."""
    wanted, observed = exposure.wanted or {}, exposure.observed or {}
    return ExposureRead(
        id=exposure.id,
        cluster_id=exposure.cluster_id,
        namespace=exposure.namespace,
        name=exposure.name,
        managed=exposure.managed,
        state=exposure.state,
        internal=bool(observed.get("internal", wanted.get("internal", False))),
        addresses=[_address(found) for found in exposure.addresses],
        ports=[_port(found) for found in observed.get("ports") or wanted.get("ports", [])],
        health=_maybe(ExposureHealthRead, observed.get("health")),
        pending=_maybe(PendingRead, observed.get("pending")),
        warnings=list(observed.get("warnings", [])),
        wanted=exposure.wanted,
        observed=exposure.observed,
        observed_at=exposure.observed_at,
        created_by=exposure.created_by,
        created_at=exposure.created_at,
        updated_at=exposure.updated_at,
        deleted_at=exposure.deleted_at,
    )


def _address(found: JsonObject) -> ExposedAddressRead:
    names = ("fqdn", "azure_id", "frontend", "origin")
    return ExposedAddressRead(
        address=found["address"],
        family="IPv6" if ":" in found["address"] else "IPv4",
        internal=bool(found.get("internal")),
        **{name: found.get(name) for name in names},
    )


def _port(found: JsonObject) -> ExposedPortRead:
    return ExposedPortRead(
        name=found.get("name"),
        port=found["port"],
        target_port=found.get("target_port"),
        protocol=found.get("protocol", "TCP"),
        node_port=found.get("node_port"),
    )


def _maybe(model: Any, found: JsonObject | None) -> Any:
    return None if found is None else model(**found)
