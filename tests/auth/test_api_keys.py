import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.auth.api_keys import authenticate, make_api_key
from app.auth.errors import CredentialsRequiredError, InvalidCredentialsError
from app.auth.principals import Principal
from app.core.errors import PermissionDeniedError
from app.db.engine import Database
from app.models import ApiKey, Role
from tests.support.api import Tenant, add_key

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def login(database: Database, *headers: str, now: datetime = NOW) -> object:
    async with database.read() as session:
        return await session.run_sync(authenticate, list(headers), now=now)


async def test_only_the_digest_of_a_key_is_kept(database: Database, tenant: Tenant) -> None:
    async with database.read() as session:
        rows = (await session.execute(select(ApiKey))).scalars().all()
    secret = tenant.admin[31:]
    assert len(secret) == 43
    assert hashlib.sha256(secret.encode()).hexdigest() in {row.secret_hash for row in rows}
    assert all(secret not in str(vars(row)) for row in rows)


async def test_a_key_names_its_principal(database: Database, tenant: Tenant) -> None:
    async with database.read() as session:
        found = await session.run_sync(authenticate, [f"bEaReR {tenant.operator}"], now=NOW)
    assert found.principal.role is Role.OPERATOR
    assert found.principal.project_id == tenant.id
    assert found.project is not None
    assert found.project.name == "default"


async def test_a_platform_admin_has_no_project(database: Database, platform_key: str) -> None:
    async with database.read() as session:
        found = await session.run_sync(authenticate, [f"Bearer {platform_key}"], now=NOW)
    assert (found.principal.project_id, found.project) == (None, None)


async def test_no_header_asks_for_one(database: Database) -> None:
    with pytest.raises(CredentialsRequiredError):
        await login(database)


@pytest.mark.parametrize(
    "form",
    [
        "", "Bearer", "Bearer ", "Basic {key}", "{key}", "Bearer {key}x", "Bearer x{key}", "Bearer {key} {key}",
        "Bearer {KEY}", "Bearer {other_secret}", "Bearer {other_id}", "Bearer slw_x_y", "Bearer {key},{key}",
    ],
)  # fmt: skip
async def test_anything_else_is_refused(database: Database, tenant: Tenant, form: str) -> None:
    key = tenant.admin
    other_secret = key[:31] + ("A" if key[31] != "A" else "B") + key[32:]
    header = form.format(
        key=key, KEY=key.upper(), other_secret=other_secret, other_id=tenant.reader[:31] + tenant.admin[31:]
    )
    with pytest.raises(InvalidCredentialsError):
        await login(database, header)


async def test_two_headers_are_refused(database: Database, tenant: Tenant) -> None:
    with pytest.raises(InvalidCredentialsError):
        await login(database, f"Bearer {tenant.admin}", f"Bearer {tenant.admin}")


async def test_an_expired_key_is_refused_from_its_last_moment(database: Database, tenant: Tenant) -> None:
    key = await add_key(database, Role.READER, tenant.id, expires_at=NOW)
    await login(database, f"Bearer {key}", now=NOW - timedelta(microseconds=1))
    with pytest.raises(InvalidCredentialsError, match="expired"):
        await login(database, f"Bearer {key}", now=NOW)


def test_no_two_keys_are_alike() -> None:
    keys = {make_api_key(name="k", role=Role.READER, project_id="p", created_by="t", now=NOW).text for _ in range(200)}
    assert len({key[31:] for key in keys}) == 200


@pytest.mark.parametrize("has", list(Role))
@pytest.mark.parametrize("needs", list(Role))
def test_each_role_includes_those_before_it(has: Role, needs: Role) -> None:
    principal = Principal(id="key_1", name="k", role=has, project_id=None)
    if list(Role).index(has) >= list(Role).index(needs):
        principal.requires(needs)
    else:
        with pytest.raises(PermissionDeniedError):
            principal.requires(needs)
