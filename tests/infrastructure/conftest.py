"""Fixtures of the infrastructure's tests."""

from tests.support.api import other, tenant
from tests.support.whole import slipway

__all__ = ["other", "slipway", "tenant"]
