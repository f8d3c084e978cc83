"""Fixtures of the engine's tests."""

from tests.support.engine import bench, engine_settings, postgresql_engine_template, sqlite_engine_template

__all__ = ["bench", "engine_settings", "postgresql_engine_template", "sqlite_engine_template"]
