"""Fixtures of the story of a life."""

from tests.support.whole import slipway

__all__ = ["slipway"]
