"""Fixtures of the infrastructure's tests."""

from tests.support.api import other, tenant
from tests.support.whole import idle_slipway, slipway

__all__ = ["idle_slipway", "other", "slipway", "tenant"]
