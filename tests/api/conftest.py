import pytest

from app.db.engine import Database
from app.models import Role
from tests.support.api import Tenant, add_key, add_tenant


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await add_tenant(database, "default")


@pytest.fixture
async def other(database: Database) -> Tenant:
    return await add_tenant(database, "other")


@pytest.fixture
async def platform_key(database: Database) -> str:
    return await add_key(database, Role.PLATFORM_ADMIN, None)
