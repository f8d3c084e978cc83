"""Fixtures of the projects' tests."""

from tests.support.api import other, platform_key, tenant

__all__ = ["other", "platform_key", "tenant"]
