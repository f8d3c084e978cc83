"""Bodies that are good but for a few places: each of these is told, with a code and a sentence, and nothing else is."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.in_part import require_whole
from app.api.problems import add_problem_handlers
from app.api.route import api_router
from app.clusters.schemas.clusters import ClusterCreate
from app.clusters.schemas.update import ClusterUpdate
from app.clusters.specs.ending import check_end
from app.clusters.specs.pool_rules import check_networks, check_pool
from app.clusters.specs.rejections import Rejections
from app.clusters.specs.rules import check_create
from app.clusters.specs.secret_rules import SecretPlaces
from app.clusters.specs.setting_rules import check_settings
from app.core.clock import SystemClock
from app.core.ssh import generate_key_pair
from app.node_pools.schemas import NodePoolAdd, NodePoolUpdate
from tests.api.test_generated_input import SCHEMA_CODES
from tests.support.operations import DOCUMENT
from tests.support.values import breaks, is_free, resolved, written

_NETWORK = f"/subscriptions/{'0' * 36}/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub/subnets"
_SETTINGS: dict[str, Any] = {
    "tier": "Premium",
    "support_plan": "AKSLongTermSupport",
    "api_server": {"authorized_ip_ranges": ["10.1.0.0/16"], "run_command": True},
    "access": {"local_accounts": True},
    "security": {"oidc_issuer": True, "workload_identity": True},
    "autoscaler": {"expander": "least-waste", "scale_down_unneeded_minutes": 10},
    "upgrades": {
        "channel": "patch",
        "node_image_channel": "NodeImage",
        "cluster_window": {
            "weekday": "Sunday",
            "start_time": "02:00",
            "duration_hours": 6,
            "not_allowed": [{"start": "2100-12-24", "end": "2100-12-26"}],
        },
    },
    "windows": {"username": "keeper"},
    "tags": {"team": "shop", "stage": "live"},
    "protection": False,
    "expires_at": "2100-01-31T12:00:00Z",
    "options": {"on_failure": "keep", "deadline_seconds": 3600},
}
_POOL: dict[str, Any] = {
    "mode": "System",
    "size": "Standard_D4s_v5",
    "autoscaling": {"min_count": 1, "max_count": 5},
    "count": 2,
    "zones": ["1", "2"],
    "labels": {"team": "shop"},
    "taints": ["CriticalAddonsOnly=true:NoSchedule"],
    "os_disk": {"type": "Managed", "size_gib": 128},
    "subnet_id": f"{_NETWORK}/nodes",
    "pod_subnet_id": f"{_NETWORK}/pods",
    "upgrades": {"max_surge": "33%"},
    "tags": {"team": "shop"},
}
_SPOT = {"name": "spot", "size": "Standard_D4s_v5", "count": 0, "spot": {"max_price": 1.5, "fallback_pool": "apps"}}
_CLUSTER = {
    **_SETTINGS,
    "name": "blue",
    "location": "westeurope",
    "network": {
        "plugin": "azure",
        "dataplane": "cilium",
        "policy": "cilium",
        "plugin_mode": "overlay",
        "ip_families": ["IPv4"],
        "pod_cidrs": ["10.244.0.0/16"],
        "service_cidrs": ["10.2.0.0/16"],
        "dns_service_ip": "10.2.0.10",
        "outbound": {"managed_ip_count": 2, "ports_per_node": 1024},
    },
    "identity": {"type": "ServicePrincipal", "service_principal": {"client_id": "1" * 8 + "-1111-1111-1111-" + "1" * 12,
                 "secret": {"setting": "principal"}}},
    "node_pools": [{**_POOL, "name": "system"}, {"name": "apps", "size": "Standard_D4s_v5", "count": 1}, _SPOT],
    "ssh_public_key": generate_key_pair().public,
    "windows_password": "Str0ng-enough-for-it",
    "fallbacks": [{"location": "northeurope", "zones": ["1"]}],
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "ClusterCreate": _CLUSTER,
    "ClusterUpdate": _SETTINGS,
    "NodePoolAdd": {**_POOL, "name": "system", "fallbacks": [{"size": "Standard_D4as_v5"}]},
    "NodePoolUpdate": {name: value for name, value in _POOL.items() if name not in {"os_disk", "size", "zones"}},
}
Place = tuple[str | int, ...]


async def _undone() -> None:
    """Stands for a transaction: a body may come in part."""


_undone.commits_once = True  # type: ignore[attr-defined]
router = api_router(prefix="/v1", tags=["spoiled"])
Undone = Annotated[None, Depends(_undone)]


@router.post("/ClusterCreate")
async def _create(body: ClusterCreate, undone: Undone) -> None:  # noqa: ARG001 - makes the route one that is undone
    rejections = Rejections()
    check_end(body, rejections, now=SystemClock().now())
    places = SecretPlaces({"principal"}, "vault.azure.net")
    check_create(body, cluster_id="cls_x", project="shop", secrets=places, rejections=rejections, networks={})


@router.post("/ClusterUpdate")
async def _update(body: ClusterUpdate, undone: Undone) -> None:  # noqa: ARG001
    rejections = Rejections()
    check_end(body, rejections, now=SystemClock().now())
    check_settings(body, windows=True, rejections=rejections)
    rejections.raise_if_any()
    require_whole(body)


@router.post("/NodePoolAdd")
async def _add(body: NodePoolAdd, undone: Undone) -> None:  # noqa: ARG001
    rejections = Rejections()
    check_pool(body, "", rejections)
    check_networks({"": body}, rejections)
    rejections.raise_if_any()


@router.post("/NodePoolUpdate")
async def _change(body: NodePoolUpdate, undone: Undone) -> None:  # noqa: ARG001
    require_whole(body)


app = FastAPI()
app.include_router(router)
add_problem_handlers(app)


def _ask(name: str, body: Any) -> httpx2.Response:
    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://slipway") as client:
            headers = {"Content-Type": "application/json"}
            return await client.post(f"/v1/{name}", content=written(body), headers=headers)

    return asyncio.run(ask())


def _places(schema: Any, document: Any, at: Place = ()) -> Iterator[tuple[Place, list[Any]]]:
    """Each place in a document below its root, with values that it cannot have."""
    known = resolved(schema)
    if is_free(known):
        return
    if at:
        yield at, [value for value in breaks(schema) if not isinstance(value, list | dict) or isinstance(document, str)]
    if isinstance(document, dict):
        fields = known.get("properties") or dict.fromkeys(document, next(iter(known["patternProperties"].values())))
        for name, value in document.items():
            yield from _places(fields[name], value, (*at, name))
        if "properties" in known:
            yield (*at, "unheard_of"), [7, None, "x"]
    if isinstance(document, list):
        for index, value in enumerate(document):
            yield from _places(known["items"], value, (*at, index))


def _spoiled(document: Any, changes: dict[Place, Any], at: Place = ()) -> Any:
    if at in changes:
        return changes[at]
    if isinstance(document, list):
        return [_spoiled(value, changes, (*at, index)) for index, value in enumerate(document)]
    if not isinstance(document, dict):
        return document
    added = {str(place[-1]): value for place, value in changes.items() if place[:-1] == at}
    return {**added, **{name: _spoiled(value, changes, (*at, name)) for name, value in document.items()}}


def _apart(places: list[Place]) -> bool:
    return not any(one != other and one == other[: len(one)] for one in places for other in places)


_PLACES = {name: dict(_places(DOCUMENT["components"]["schemas"][name], body)) for name, body in BODIES.items()}


@pytest.mark.parametrize("name", BODIES)
def test_the_bodies_are_good(name: str) -> None:
    assert _ask(name, BODIES[name]).status_code == 200, _ask(name, BODIES[name]).text


@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=50, derandomize=True, deadline=None, database=None)
@given(data=st.data())
def test_each_spoiled_place_is_told_and_nothing_that_only_follows(name: str, data: st.DataObject) -> None:
    places = data.draw(
        st.lists(st.sampled_from(sorted(_PLACES[name], key=str)), min_size=1, max_size=6, unique=True).filter(_apart)
    )
    changes = {place: data.draw(st.sampled_from(_PLACES[name][place])) for place in places}

    answer = _ask(name, _spoiled(BODIES[name], changes))

    errors = answer.json()["errors"]
    assert answer.status_code == 422
    assert sorted(error["pointer"] for error in errors) == sorted("".join(f"/{part}" for part in at) for at in places)
    assert {error["code"] for error in errors} <= SCHEMA_CODES
    assert all(error["detail"] for error in errors)
