"""Fixtures of this slice's tests."""

import pytest

from tests.support.local_azure import LocalAzureForTests
from tests.support.whole import idle_slipway, slipway

__all__ = ["idle_slipway", "slipway"]


@pytest.fixture(autouse=True)
def registered(local_azure: LocalAzureForTests) -> None:
    """What a subscription has that has seen storage before."""
    local_azure.register("Microsoft.Storage")
