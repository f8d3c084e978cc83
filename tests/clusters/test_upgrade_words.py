"""Azure's sentences taken apart, when Azure does something by itself, and what an upgrade needs for its time."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.azure.types.agent_pool import AgentPool
from app.azure.types.catalog import UpgradeProfile
from app.azure.types.cluster import ManagedCluster, NetworkProfile
from app.clusters.schemas.upgrades import UpgradeScope
from app.clusters.schemas.upkeep import MaintenanceWindow, Span, Upgrades
from app.clusters.specs.azure_words import DrainBlock, drain_block_in, uses_in
from app.clusters.specs.calendar import planned
from app.clusters.specs.findings import Choices, Finding, findings_of
from app.clusters.specs.fleet import Fleet
from app.clusters.specs.upgrade_path import Stage, UpgradeAsked
from app.clusters.specs.upgrade_scene import Scene

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)  # a Friday
SUBNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"
# Azure/AKS#3984, with Microsoft's own page and Azure/AKS#4951 for the others.
OLD_APIS = (
    "Control Plane upgrade is blocked due to recent usage of a Kubernetes API deprecated in the specified version. "
    "Usage details: 3 errors occurred:\n"
    "\t* usage has been detected on API flowcontrol.apiserver.k8s.io.prioritylevelconfigurations.v1beta1, and was "
    "recently seen at: 2023-03-23 20:57:18 +0000 UTC, which will be removed in 1.26\n"
    "\t* usage has been detected on API autoscaling.horizontalpodautoscalers.v2beta2.watch, and was recently seen at: "
    "2023-11-07 12:53:43 +0000 UTC, which will be removed in 1.26\n"
    "\t* usage has been detected on API batch.cronjobs.v1beta1.create, and was recently seen at: 2023-11-07 12:00:00 "
    "+0000 UTC, which will be removed in 1.25, user agent: argocd-application-controller/v2.1\n"
)


def test_each_use_of_an_old_api_is_told_with_verb_and_time_and_akss_own_come_last() -> None:
    """Trouble 45."""
    uses = uses_in(OLD_APIS)
    assert [(use.api, use.verb, use.removed_in, use.own) for use in uses] == [
        ("autoscaling.horizontalpodautoscalers.v2beta2", "watch", "1.26", False),
        ("batch.cronjobs.v1beta1", "create", "1.25", False),
        ("flowcontrol.apiserver.k8s.io.prioritylevelconfigurations.v1beta1", None, "1.26", True),
    ]
    assert uses[0].last_seen == "2023-11-07 12:53:43 +0000 UTC"
    assert uses[1].user_agent == "argocd-application-controller/v2.1"
    assert "by argocd-application-controller/v2.1" in uses[1].sentence()


@pytest.mark.parametrize(
    ("message", "block"),
    [
        # Azure/AKS#4783.
        (
            (
                "Drain node aks-a-vmss000001 failed when evicting pod web-1 failed with Too Many Requests error. PDB "
                "debug info: shop/web-1 blocked by pdb web (MinAvailable: 1) (CurrentHealthy: 1)."
            ),
            DrainBlock("aks-a-vmss000001", "shop", "web-1", "web", "MinAvailable: 1"),
        ),
        # Azure/AKS#3384.
        ("Drain of aks-a-vmss000002 did not complete: Too many req pod x", DrainBlock("aks-a-vmss000002")),
        ("Code=AllocationFailed", None),
    ],
)
def test_a_drain_that_was_blocked_is_read_as_far_as_azure_tells_it(message: str, block: DrainBlock | None) -> None:
    """Trouble 40."""
    assert drain_block_in(message) == block


def _window(**more: object) -> MaintenanceWindow:
    said = {"weekday": "Sunday", "start_time": "02:00", "duration_hours": 4, "utc_offset": "+02:00", **more}
    return MaintenanceWindow.model_validate(said)


def _fleet() -> Fleet:
    return Fleet("1.33.3", (), ("1.33.5", "1.34.1"))


def test_the_next_window_leaves_out_the_days_on_which_nothing_is_done() -> None:
    """Trouble 43: when the next planned act comes, and why not sooner."""
    window = _window(not_allowed=[Span(start=date(2026, 11, 28), end=date(2026, 11, 30))])
    (act,) = planned(Upgrades.model_validate({"channel": "patch", "cluster_window": window}), _fleet(), now=NOW)
    assert act.opens_at == datetime(2026, 12, 6, 0, tzinfo=UTC)
    assert act.closes_at == datetime(2026, 12, 6, 4, tzinfo=UTC)
    assert "The next version is 1.33.5." in act.detail
    assert "2026-11-29" in act.detail


@pytest.mark.parametrize(
    ("recurrence", "opens"),
    [
        ({"interval_days": 2, "start_date": "2026-11-25"}, "2026-11-29"),
        ({"day_of_month": 31}, "2026-12-31"),
        ({"day_of_month": 1, "interval_months": 2, "start_date": "2026-11-01"}, "2027-01-01"),
        ({"week_index": "Last", "weekday": "Friday", "start_date": "2026-11-28"}, "2026-12-25"),
        ({"week_index": "Second", "weekday": "Monday"}, "2026-12-14"),
        ({"weekday": "Thursday", "interval_weeks": 2, "start_date": "2026-11-23"}, "2026-12-10"),
    ],
)
def test_a_window_opens_as_its_recurrence_says(recurrence: dict[str, Any], opens: str) -> None:
    window = {"start_time": "02:00", "duration_hours": 4, **recurrence}
    asked = {"node_image_channel": "NodeImage", "node_image_window": window}
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    (act,) = planned(Upgrades.model_validate(asked), _fleet(), now=now)
    assert act.opens_at == datetime.fromisoformat(f"{opens}T02:00:00Z")


def test_a_monthly_window_that_has_passed_is_found() -> None:
    window = {"start_time": "02:00", "duration_hours": 4, "day_of_month": 1}
    asked = {"node_image_channel": "NodeImage", "node_image_window": window}
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    behind = {"blue": "AKSUbuntu"}
    since = {**window, "start_date": "2026-01-01"}
    (act,) = planned(Upgrades.model_validate({**asked, "node_image_window": since}), _fleet(), now=now, behind=behind)
    assert "The window of 2026-11-01 02:00 UTC has passed" in act.detail


def test_a_window_that_is_open_is_the_next_one_and_every_second_week_is_kept() -> None:
    """Trouble 43."""
    upgrades = Upgrades.model_validate(
        {"node_image_channel": "NodeImage", "node_image_window": _window(weekday="Friday", start_time="13:00")}
    )
    (act,) = planned(upgrades, _fleet(), now=NOW)
    assert act.opens_at == datetime(2026, 11, 27, 11, tzinfo=UTC)
    every_second = _window(interval_weeks=2, start_date=date(2026, 11, 22))
    (other,) = planned(Upgrades.model_validate({"channel": "rapid", "cluster_window": every_second}), _fleet(), now=NOW)
    assert other.opens_at == datetime(2026, 12, 6, 0, tzinfo=UTC)


def test_what_was_due_and_did_not_come_in_the_last_window_is_said_with_why() -> None:
    """Trouble 43: why it did not run."""
    asked = {"node_image_channel": "NodeImage", "node_image_window": _window()}
    behind = {"workers": "AKSUbuntu-2204-202602.04.0"}
    (act,) = planned(Upgrades.model_validate(asked), _fleet(), now=NOW, behind=behind)
    assert "The window of 2026-11-22 00:00 UTC has passed" in act.detail
    assert "pool workers does not run AKSUbuntu-2204-202602.04.0" in act.detail
    blocked = _window(not_allowed=[Span(start=date(2026, 11, 22), end=date(2026, 11, 22))])
    (act,) = planned(Upgrades.model_validate({**asked, "node_image_window": blocked}), _fleet(), now=NOW, behind=behind)
    assert "In the window of 2026-11-22 nothing was done: the day is left out." in act.detail
    (act,) = planned(Upgrades.model_validate(asked), _fleet(), now=NOW)
    assert "window of" not in act.detail


def test_nodes_may_be_replaced_twice_in_one_window_and_the_plan_says_so() -> None:
    """Trouble 43: azure-aks-docs#278. Of versions nothing of the kind is known, nor without a window."""
    asked = {"node_image_channel": "NodeImage", "channel": "patch", "cluster_window": _window()}
    said = "applied in it too, as the second one of that window"
    kubernetes, image = planned(Upgrades.model_validate({**asked, "node_image_window": _window()}), _fleet(), now=NOW)
    assert said in image.detail
    assert said not in kubernetes.detail
    (_, image) = planned(Upgrades.model_validate(asked), _fleet(), now=NOW)
    assert said not in image.detail


def test_a_channel_that_leads_nowhere_and_one_without_a_window_say_so() -> None:
    """Trouble 43."""
    stuck = Fleet("1.33.5", (), ("1.34.1",))
    (act,) = planned(Upgrades.model_validate({"channel": "patch"}), stuck, now=NOW)
    assert act.opens_at is None
    assert "leads nowhere from 1.33.5" in act.detail
    assert "No window is set" in act.detail
    assert planned(Upgrades.model_validate({"channel": "none"}), stuck, now=NOW) == ()


def _scene(*, free: int, plugin_mode: str | None, max_surge: str | None = None, mode: str = "System") -> Scene:
    pool = AgentPool(
        "a", mode, "Linux", "Standard_D4s_v5", 11, "Succeeded", subnet_id=SUBNET, max_pods=30, max_surge=max_surge
    )
    cluster = ManagedCluster(
        "/c", "c", "g", "westeurope", "Succeeded", pools=(pool,), network=NetworkProfile("azure", plugin_mode)
    )
    return Scene(cluster, UpgradeProfile("1.33.5", ("1.34.1",)), free={SUBNET.lower(): free})


def _found(scene: Scene, asked: UpgradeAsked | None = None, choices: Choices | None = None) -> list[Finding]:
    stages = (Stage(None, "1.34.1"), Stage("a", "1.34.1"))
    return list(findings_of(asked or UpgradeAsked("1.34.1"), stages, scene, choices or Choices()))


@pytest.mark.parametrize(
    ("free", "plugin_mode", "max_surge", "codes"),
    [
        # 10% of 11 nodes: 2, each with 30 pods in a flat network.
        (61, None, None, ["subnet_too_small"]),
        (62, None, None, []),
        (2, "overlay", None, []),
        (1, "overlay", None, ["subnet_too_small"]),
        (0, "overlay", "0", []),
    ],
)
def test_a_surge_needs_its_addresses(
    free: int, plugin_mode: str | None, max_surge: str | None, codes: list[str]
) -> None:
    """Trouble 38: the arithmetic of AKS, surge + surge x max pods."""
    assert [each.code for each in _found(_scene(free=free, plugin_mode=plugin_mode, max_surge=max_surge))] == codes


@pytest.mark.parametrize(
    ("mode", "max_surge", "remedy"),
    [
        ("User", None, 'PATCH the pool with {"upgrades": {"max_surge": "0", "max_unavailable": "1"}}: '),
        ("System", "20", 'PATCH the pool with {"upgrades": {"max_surge": "1"}}: '),
        ("System", "1", "scale a pool down for as long: "),
    ],
)
def test_a_remedy_against_a_surge_is_one_that_azure_takes_of_the_pool(
    mode: str, max_surge: str | None, remedy: str
) -> None:
    """Trouble 38: no system pool is upgraded without a surge; and a surge is never more than the nodes."""
    (finding,) = _found(_scene(free=0, plugin_mode="overlay", max_surge=max_surge, mode=mode))
    assert f"or {remedy}" in (finding.remedy or "")
    assert f"The upgrade adds {({None: 2, '20': 11, '1': 1})[max_surge]} nodes" in finding.detail


def test_a_channel_keeps_the_control_plane_from_going_alone_unless_that_is_ignored() -> None:
    """Trouble 38."""
    scene, alone = _scene(free=99, plugin_mode=None), UpgradeAsked("1.34.1", UpgradeScope.CONTROL_PLANE)
    choices = Choices(channel="stable")
    assert [each.severity for each in _found(scene, alone, choices)] == ["blocking"]
    assert [each.severity for each in _found(scene, None, choices)] == ["info"]
    ignored = replace(choices, ignored=frozenset({"auto_upgrade_channel"}))
    assert [each.severity for each in _found(scene, alone, ignored)] == ["warning"]
