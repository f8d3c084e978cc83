"""Fixtures of this slice's tests."""

from tests.support.whole import idle_slipway, slipway

__all__ = ["idle_slipway", "slipway"]
