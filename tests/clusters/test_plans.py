"""Previews that an act can be bound to: what they refuse, on each database, and how a difference is told."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from app.auth.principals import Principal
from app.auth.scope import ProjectRef, Scope
from app.clusters.service import plans
from app.clusters.service.start import Asker
from app.clusters.specs import kinds
from app.clusters.specs.plans import LIFE, differences
from app.core.errors import NotFoundError
from app.db.engine import Database
from app.engine.queue import JobQueue
from app.models import Cluster, Role
from tests.support.api import add_tenant
from tests.support.rows import add_cluster_row

NOW = datetime(2026, 11, 27, tzinfo=UTC)
WORLD = {"pools": [{"name": "np", "version": "1.32.9"}], "volumes": ["a"]}


async def _kept(database: Database) -> tuple[str, Cluster]:
    tenant = await add_tenant(database, "team")
    cluster = await add_cluster_row(database, tenant.id, "blue", subscription_id="s", now=NOW)
    async with database.write() as session:
        scope = Scope(Principal("key_1", "t", Role.OPERATOR, tenant.id), ProjectRef(tenant.id, "team", None))
        asker = Asker(scope, cast("JobQueue", None), NOW)
        kept = await plans.keep(session, asker, cluster, act=kinds.DELETE, request={"a": 1}, world=WORLD)
        return kept.id, cluster


async def _used(database: Database, plan_id: str, cluster: Cluster, **changes: Any) -> None:
    how: dict[str, Any] = {"act": kinds.DELETE, "request": {"a": 1}, "world": WORLD, "now": NOW, **changes}
    async with database.read() as session:
        await plans.require_unchanged(session, plan_id, cluster, **how)


async def test_an_act_in_an_unchanged_world_passes(database: Database) -> None:
    plan_id, cluster = await _kept(database)
    await _used(database, plan_id, cluster, now=NOW + LIFE - timedelta(seconds=1))


async def test_a_changed_world_is_refused_with_the_difference(database: Database) -> None:
    plan_id, cluster = await _kept(database)
    with pytest.raises(plans.PlanStaleError) as refused:
        await _used(database, plan_id, cluster, world={"pools": [{"name": "np", "version": "1.33.5"}], "shares": []})
    assert refused.value.problem.status == 409
    assert [(found.code, found.pointer) for found in refused.value.problem.errors] == [
        ("plan_replace", "/pools/0/version"),
        ("plan_remove", "/volumes"),
        ("plan_add", "/shares"),
    ]


def test_a_difference_is_told_in_sentences_and_in_the_words_of_json() -> None:
    before = {"through": True, "version": "1.33", "blocked": ["default/web"], "channel": None}
    after = {"through": False, "version": "1.32", "channel": "patch", "shares": {"a": 1}}
    assert [found.detail for found in differences(before, after)] == [
        "It was true, and is false now.",
        "It was 1.33, and is 1.32 now.",
        'It was ["default/web"], and is gone.',
        "It was nothing, and is patch now.",
        'It was not there, and is {"a": 1} now.',
    ]


async def test_a_plan_of_another_request_is_refused(database: Database) -> None:
    plan_id, cluster = await _kept(database)
    with pytest.raises(plans.PlanStaleError) as refused:
        await _used(database, plan_id, cluster, request={"a": 2})
    assert [found.pointer for found in refused.value.problem.errors] == ["/a"]


@pytest.mark.parametrize(
    "changes", [{"act": kinds.UPGRADE}, {"now": NOW + LIFE}], ids=["another act", "half an hour later"]
)
async def test_a_plan_that_does_not_hold_is_not_there(database: Database, changes: dict[str, Any]) -> None:
    plan_id, cluster = await _kept(database)
    with pytest.raises(NotFoundError):
        await _used(database, plan_id, cluster, **changes)


async def test_a_plan_of_another_cluster_or_of_nobody_is_not_there(database: Database) -> None:
    plan_id, cluster = await _kept(database)
    other = await add_cluster_row(database, cluster.project_id, "green", subscription_id="s", now=NOW)
    for wrong_id, wrong_cluster in ((plan_id, other), (f"pln_{'0' * 26}", cluster)):
        with pytest.raises(NotFoundError):
            await _used(database, wrong_id, wrong_cluster)


def test_a_pointer_escapes_what_a_name_holds_and_long_values_are_cut() -> None:
    found = differences({"a/b~c": "x"}, {"a/b~c": "y" * 500})
    assert [each.pointer for each in found] == ["/a~1b~0c"]
    assert len(found[0].detail) < 300
