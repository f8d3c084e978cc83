"""Fixtures of the tests of keys and tenancy."""

from tests.support.api import other, platform_key, tenant

__all__ = ["other", "platform_key", "tenant"]
