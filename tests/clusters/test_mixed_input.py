"""What has the wrong form stands beside what breaks a rule, and nothing that only follows from a refusal."""

from typing import Any

from sqlalchemy import select

from app.models import Cluster, ClusterState
from tests.clusters.test_bad_input import NO_NODES, POOL, count_rows
from tests.support.whole import CLUSTER, Slipway

MIXED: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    # What has the wrong form stands beside what breaks a rule.
    (
        {"node_count": "1", "location": "nowhere", "generate_ssh_key": False},
        {("wrong_type", "/node_count"), ("unknown_location", "/location"), ("required", "/ssh_public_key")},
    ),
    # A field that does not exist keeps no rule from speaking.
    ({"nodes": 3, "name": "job_1"}, {("unknown_field", "/nodes"), ("name_looks_like_id", "/name")}),
    # No complaint follows from a refusal: not that a key is missing, nor of a size in a location that is not known.
    ({"generate_ssh_key": "yes"}, {("wrong_type", "/generate_ssh_key")}),
    ({"location": 7, "node_size": "Standard_X1"}, {("wrong_type", "/location")}),
    ({**NO_NODES, "node_pools": 7}, {("wrong_type", "/node_pools")}),
    # Inside of objects and lists, too.
    (
        {
            "network": {"plugin": 7, "plugin_mode": "overlay", "service_cidrs": ["10.0.0.0/8"]},
            "identity": {"type": "UserAssigned"},
            "upgrades": {"channel": 7, "cluster_window": {"weekday": "Sunday", "start_time": "1", "duration_hours": 6}},
        },
        {
            ("unknown_value", "/network/plugin"),
            ("cidr_too_large", "/network/service_cidrs/0"),
            ("required", "/identity/user_assigned_id"),
            ("unknown_value", "/upgrades/channel"),
            ("wrong_format", "/upgrades/cluster_window/start_time"),
        },
    ),
    (
        {
            **NO_NODES,
            "node_pools": [
                {**POOL, "size": 7, "count": 0},
                {**POOL, "name": "apps", "mode": "User", "autoscaling": {"min_count": 3, "max_count": 2}},
            ],
        },
        {
            ("wrong_type", "/node_pools/0/size"),
            ("system_pool_empty", "/node_pools/0/count"),
            ("min_above_max", "/node_pools/1/autoscaling/min_count"),
        },
    ),
]


async def test_wrong_forms_and_broken_rules_are_told_at_once_and_nothing_that_only_follows(
    idle_slipway: Slipway,
) -> None:
    wrong = []
    for change, expected in MIXED:
        answer = await idle_slipway.ask("POST", "/v1/clusters", {**CLUSTER, **change}, Idempotency_Key="k")
        found = [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
        if answer.status_code != 422 or sorted(found) != sorted(expected):
            wrong.append((change, answer.status_code, found))

    assert wrong == []
    assert await count_rows(idle_slipway) == 0


async def test_wrong_forms_of_a_change_stand_beside_the_rules_that_it_breaks(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    async with idle_slipway.parts.database.write() as session:
        (await session.scalars(select(Cluster))).one().state = ClusterState.READY
    before, rows = await idle_slipway.cluster(), await count_rows(idle_slipway)
    pools = "/v1/clusters/blue/node-pools"
    asked: list[tuple[str, str, dict[str, Any], set[tuple[str, str]]]] = [
        (
            "PATCH",
            "/v1/clusters/blue",
            # Nothing is said of the tier that long-term support takes: which one is meant nobody knows.
            {
                "tier": 7,
                "support_plan": "AKSLongTermSupport",
                "tags": {"managed-by": "me"},
                "access": {"local_accounts": False},
            },
            {
                ("unknown_value", "/tier"),
                ("reserved_tag", "/tags/managed-by"),
                ("nobody_could_log_in", "/access/local_accounts"),
            },
        ),
        ("PATCH", "/v1/clusters/blue", {"tags": {"team": "shop"}, "tier": 7}, {("unknown_value", "/tier")}),
        ("PATCH", "/v1/clusters/blue", {"tags": {"team": "shop"}, "teir": 7}, {("unknown_field", "/teir")}),
        (
            "PATCH",
            f"{pools}/system",
            {"size": "Standard_D8s_v5", "autoscaling": {"min_count": "1", "max_count": 3}, "count": 2, "max_pods": 9},
            {
                ("immutable", "/size"),
                ("wrong_type", "/autoscaling/min_count"),
                ("out_of_range", "/max_pods"),
                ("autoscaler_decides", "/count"),
            },
        ),
        ("PATCH", f"{pools}/system", {"autoscaling": 7, "count": 2}, {("wrong_type", "/autoscaling")}),
        (
            "POST",
            pools,
            {"name": "x", "mode": "System", "count": "2", "size": "Standard_D4s_v5", "taints": ["a=b:NoSchedule"]},
            {("wrong_type", "/count"), ("system_pool_taint", "/taints/0")},
        ),
    ]

    for method, path, body, expected in asked:
        answer = await idle_slipway.ask(method, path, body)
        found = [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
        assert (answer.status_code, sorted(found)) == (422, sorted(expected)), (path, body)
    assert await idle_slipway.cluster() == before
    assert await count_rows(idle_slipway) == rows
