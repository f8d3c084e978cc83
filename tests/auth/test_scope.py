from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from app.auth.principals import Principal
from app.auth.scope import ProjectRef, Scope, choose_project, get_cluster
from app.core.errors import NotFoundError
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import Role
from tests.support.api import Tenant
from tests.support.rows import add_cluster_row

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def scope_of(tenant: Tenant) -> Scope:
    principal = Principal(id="key_1", name="k", role=Role.READER, project_id=tenant.id)
    return Scope(principal, ProjectRef(tenant.id, tenant.name, None))


async def add_cluster(database: Database, tenant: Tenant, name: str, *, deleted: bool = False) -> str:
    ended = NOW if deleted else None
    row = await add_cluster_row(database, tenant.id, name, subscription_id="s", now=NOW, deleted_at=ended)
    return row.id


async def test_a_cluster_is_found_by_id_and_by_name(database: Database, tenant: Tenant) -> None:
    cluster_id = await add_cluster(database, tenant, "web")
    async with database.read() as session:
        assert (await get_cluster(session, scope_of(tenant), cluster_id)).name == "web"
        assert (await get_cluster(session, scope_of(tenant), "web")).id == cluster_id
    async with database.write() as session:
        assert (await get_cluster(session, scope_of(tenant), "web", lock=True)).id == cluster_id


async def test_foreign_deleted_and_absent_are_the_same_to_the_statement(
    database: Database, tenant: Tenant, other: Tenant
) -> None:
    foreign = await add_cluster(database, other, "theirs")
    deleted = await add_cluster(database, tenant, "gone", deleted=True)
    seen: list[tuple[str, int]] = []
    for name in (foreign, "theirs", deleted, "gone", new_id(Prefix.CLUSTER), "nothing", "", "\u00e9" * 300):
        statements = 0
        async with database.read() as session:
            connection = await session.connection()

            def count(*_: object) -> None:
                nonlocal statements
                statements += 1

            event.listen(connection.sync_connection, "before_cursor_execute", count)
            with pytest.raises(NotFoundError) as raised:
                await get_cluster(session, scope_of(tenant), name)
            seen.append((str(raised.value), statements))
    assert len(set(seen)) == 1
    assert seen[0][1] == 1


async def test_two_projects_may_have_clusters_of_one_name(database: Database, tenant: Tenant, other: Tenant) -> None:
    mine, theirs = [await add_cluster(database, each, "web") for each in (tenant, other)]
    async with database.read() as session:
        assert (await get_cluster(session, scope_of(tenant), "web")).id == mine
        assert (await get_cluster(session, scope_of(other), "web")).id == theirs


async def test_a_project_key_names_its_own_project_or_none(database: Database, tenant: Tenant, other: Tenant) -> None:
    scope = scope_of(tenant)
    async with database.read() as session:
        for asked in (None, tenant.id, tenant.name):
            assert await session.run_sync(choose_project, scope.principal, scope.project, asked) == scope.project
        for asked in (other.id, other.name, "nothing", ""):
            with pytest.raises(NotFoundError):
                await session.run_sync(choose_project, scope.principal, scope.project, asked)


async def test_a_platform_admin_names_a_project_or_gets_the_default(
    database: Database, tenant: Tenant, other: Tenant
) -> None:
    principal = Principal(id="key_1", name="k", role=Role.PLATFORM_ADMIN, project_id=None)
    async with database.read() as session:
        for asked, wanted in ((None, tenant.id), (other.name, other.id), (other.id, other.id)):
            assert (await session.run_sync(choose_project, principal, None, asked)).id == wanted
        with pytest.raises(NotFoundError):
            await session.run_sync(choose_project, principal, None, "nothing")
