"""The API and its document agree, whatever is sent."""

from pathlib import Path

import pytest

from app.core.settings import DatabaseSettings
from tests.contract.fuzzing import schemathesis
from tests.support.local_azure import LocalAzureForTests

pytestmark = [pytest.mark.slow, pytest.mark.first, pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)]


@pytest.mark.timeout(1500)
async def test_nothing_that_is_sent_contradicts_the_document(
    local_azure: LocalAzureForTests, database_settings: DatabaseSettings, tmp_path: Path
) -> None:
    options = ("--phases=coverage,stateful", "--seed=1", "--max-examples=3")
    status, output = await schemathesis(local_azure, database_settings, tmp_path, *options)
    assert status == 0, output
