from pathlib import Path

import pytest

from tests.house.installation import Installation, install


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The built wheel in an environment of its own."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory that is not in the repository."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder
