from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.support.kubeconfigs import FQDN, Authority, Pair, entra_login, local_document
from tests.support.kubernetes_server import Server, kubernetes_server


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def client_pair(authority: Authority) -> Pair:
    return authority.sign("clusterUser")


@pytest.fixture
def document(authority: Authority, client_pair: Pair) -> dict[str, Any]:
    """A kubeconfig as AKS returns it, to be changed by a test."""
    return deepcopy(local_document(authority, client_pair))


@pytest.fixture
def entra_user() -> dict[str, Any]:
    return entra_login()


@pytest.fixture
async def server(authority: Authority, tmp_path: Path) -> AsyncIterator[Server]:
    async with kubernetes_server(authority, FQDN, tmp_path) as server:
        yield server
