"""Trouble 39: by which steps a cluster comes to a version, minor by minor, the control plane before its pools."""

from dataclasses import replace

import pytest

from app.azure.types.catalog import KubernetesVersion
from app.clusters.schemas.upgrades import UpgradeScope
from app.clusters.specs.fleet import Fleet, PoolNow
from app.clusters.specs.upgrade_path import (
    DowngradeError,
    MinorSkippedError,
    PoolNewerError,
    PoolTooOldError,
    Stage,
    UpgradeAsked,
    UpgradeRefusedError,
    VersionNotOfferedError,
    numbers,
    refuse_by_numbers,
    stages_of,
)
from app.clusters.workflow.upgrade import begin_upgrade
from app.clusters.workflow.upgrade_checks import straight
from app.clusters.workflow.upgrade_stages import await_pool

OFFERED = ("1.31.12", "1.31.13", "1.32.8", "1.32.9", "1.33.3", "1.33.5", "1.34.0", "1.34.1", "1.35.0", "1.36.0")
PREVIEWS = {"1.36.0"}


def ways(version: str) -> tuple[str, ...]:
    here = numbers(version)
    return tuple(each for each in OFFERED if numbers(each) > here and numbers(each)[1] - here[1] <= 1)


VERSIONS = tuple(
    KubernetesVersion(each, each.rpartition(".")[0], False, each in PREVIEWS, ways(each), ()) for each in OFFERED
)


def fleet(control_plane: str, **pools: str) -> Fleet:
    return Fleet(
        control_plane,
        tuple(PoolNow(name, version) for name, version in pools.items()),
        ways(control_plane),
        VERSIONS,
    )


def way(asked: UpgradeAsked, of: Fleet) -> list[str]:
    return [f"{stage.pool or 'cp'} {stage.version or 'image'}" for stage in stages_of(asked, of)]


def test_one_minor_goes_by_the_control_plane_and_then_each_pool() -> None:
    assert way(UpgradeAsked("1.34.1"), fleet("1.33.5", a="1.33.5", b="1.33.3")) == ["cp 1.34.1", "a 1.34.1", "b 1.34.1"]


def test_several_minors_go_one_after_the_other_with_the_pools_at_each() -> None:
    asked = UpgradeAsked("1.34", through_minors=True)
    assert way(asked, fleet("1.32.8", a="1.32.8")) == ["cp 1.33.5", "a 1.33.5", "cp 1.34.1", "a 1.34.1"]


def test_a_skipped_minor_is_refused_with_the_steps_that_are_allowed() -> None:
    with pytest.raises(MinorSkippedError) as refused:
        stages_of(UpgradeAsked("1.34.1"), fleet("1.32.8", a="1.32.8"))
    assert "1.33.5, then 1.34.1" in str(refused.value.problem.remedy)
    assert [error.pointer for error in refused.value.problem.errors] == ["/kubernetes_version"]


def test_of_pools_alone_a_minor_that_is_newer_or_unknown_is_refused_by_what_pools_may_have() -> None:
    pools = fleet("1.33.5", a="1.32.8")
    for version in ("1.34", "1.34.1"):
        with pytest.raises(PoolNewerError, match=r"The control plane runs 1\.33\.5"):
            stages_of(UpgradeAsked(version, UpgradeScope.NODE_POOLS), pools)
    with pytest.raises(VersionNotOfferedError, match=r"no 1\.29 for node pools") as refused:
        stages_of(UpgradeAsked("1.29", UpgradeScope.NODE_POOLS), pools)
    assert str(refused.value.problem.remedy).endswith(" 1.33.3, 1.33.5.")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (UpgradeAsked("1.31"), DowngradeError),
        (UpgradeAsked("1.32.7"), DowngradeError),
        (UpgradeAsked("1.34"), MinorSkippedError),
        (UpgradeAsked("1.34.1"), MinorSkippedError),
        (UpgradeAsked("1.33", UpgradeScope.NODE_POOLS), PoolNewerError),
        (UpgradeAsked("1.31", UpgradeScope.NODE_POOLS), DowngradeError),
        (UpgradeAsked("1.31", UpgradeScope.NODE_POOLS, ("old",)), None),
        (UpgradeAsked("1.34", through_minors=True), None),
        (UpgradeAsked("1.40"), None),
        (UpgradeAsked("1.32"), None),
        (UpgradeAsked("1.33"), None),
        (UpgradeAsked("latest"), None),
        (UpgradeAsked(None, node_images=True), None),
    ],
    ids=str,
)
def test_numbers_alone_refuse_what_no_newer_list_could_allow(
    asked: UpgradeAsked, error: type[UpgradeRefusedError] | None
) -> None:
    now = replace(fleet("1.32.8", new="1.32.8", old="1.31.12"), ways=())
    if error is None:
        refuse_by_numbers(asked, now)
        return
    with pytest.raises(error):
        refuse_by_numbers(asked, now)


@pytest.mark.parametrize(
    ("version", "through", "goal"),
    [
        ("latest", False, "1.34.1"),
        ("latest", True, "1.35.0"),
        ("1.34", False, "1.34.1"),
        ("1.33", False, "1.33.5"),
        ("1.34.0", False, "1.34.0"),
    ],
)
def test_an_alias_means_the_newest_that_is_no_preview(version: str, through: bool, goal: str) -> None:
    stages = way(UpgradeAsked(version, through_minors=through), fleet("1.33.3"))
    assert stages[-1] == f"cp {goal}"


def test_a_preview_is_taken_by_its_name_only() -> None:
    assert way(UpgradeAsked("1.36.0"), fleet("1.35.0")) == ["cp 1.36.0"]
    assert way(UpgradeAsked("latest"), fleet("1.35.0")) == []


def test_a_pool_that_lags_too_far_goes_first() -> None:
    stages = way(UpgradeAsked("1.35.0"), fleet("1.34.1", old="1.31.13", new="1.34.1"))
    assert stages == ["old 1.34.1", "cp 1.35.0", "old 1.35.0", "new 1.35.0"]


def test_the_control_plane_alone_leaves_pools_up_to_three_minors_behind() -> None:
    asked = UpgradeAsked("1.34.1", UpgradeScope.CONTROL_PLANE)
    assert way(asked, fleet("1.33.5", a="1.31.13")) == ["cp 1.34.1"]
    with pytest.raises(PoolTooOldError):
        stages_of(UpgradeAsked("1.35.0", UpgradeScope.CONTROL_PLANE), fleet("1.34.1", a="1.31.13"))


def test_pools_alone_never_go_beyond_the_control_plane() -> None:
    pools = UpgradeScope.NODE_POOLS
    assert way(UpgradeAsked("latest", pools), fleet("1.34.1", a="1.33.5", b="1.34.1")) == ["a 1.34.1"]
    assert way(UpgradeAsked("1.33", pools, ("a",)), fleet("1.34.1", a="1.32.9", b="1.32.9")) == ["a 1.33.5"]
    with pytest.raises(PoolNewerError):
        stages_of(UpgradeAsked("1.34.1", pools), fleet("1.33.5", a="1.33.5"))
    with pytest.raises(DowngradeError):
        stages_of(UpgradeAsked("1.33.5", pools), fleet("1.34.1", a="1.34.1"))


@pytest.mark.parametrize("version", ["1.32.9", "1.33.3"])
def test_a_downgrade_is_refused(version: str) -> None:
    with pytest.raises(DowngradeError):
        stages_of(UpgradeAsked(version), fleet("1.33.5", a="1.33.5"))


@pytest.mark.parametrize("version", ["1.34.7", "1.40.0", "1.40"])
def test_a_version_that_nobody_offers_is_refused_with_those_that_are(version: str) -> None:
    with pytest.raises(VersionNotOfferedError) as refused:
        stages_of(UpgradeAsked(version, through_minors=True), fleet("1.33.5", a="1.33.5"))
    assert "1.34.0, 1.34.1" in str(refused.value.problem.remedy)


def test_what_is_there_is_not_done_again_but_what_failed_is() -> None:
    assert way(UpgradeAsked("1.34.1"), fleet("1.34.1", a="1.34.1")) == []
    failed = Fleet("1.34.1", (PoolNow("a", "1.34.1", failed=True), PoolNow("b", "1.34.1")), (), VERSIONS)
    assert way(UpgradeAsked("1.34.1"), failed) == ["a 1.34.1"]


def test_images_are_a_matter_of_the_pools_alone() -> None:
    assert way(UpgradeAsked(None, node_images=True), fleet("1.33.5", a="1.33.5", b="1.32.9")) == ["a image", "b image"]


def test_a_job_from_before_there_were_checks_goes_on_by_its_old_steps() -> None:
    """What the version before has stored of a job's first step is read as it was meant."""
    place = {"cluster_id": "c", "project_id": "p", "subscription_id": "s", "resource_group": "g", "azure_name": "blue"}
    stored = begin_upgrade.codec.decode({"place": place, "version": "1.33.5", "pools": ["system", "work"]})
    assert stored.asked is None
    assert straight(stored).stages == (Stage(None, "1.33.5"), Stage("system", "1.33.5"), Stage("work", "1.33.5"))
    assert await_pool.codec.decode(None) is None
