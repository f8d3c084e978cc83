"""Fixtures of the infrastructure's tests."""

from tests.support.api import other, tenant

__all__ = ["other", "tenant"]
