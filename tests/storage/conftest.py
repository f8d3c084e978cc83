"""What tests of storage share."""

from tests.support.whole import idle_slipway, slipway

__all__ = ["idle_slipway", "slipway"]
