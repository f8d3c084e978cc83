"""Fixtures of the database's tests."""

from tests.support.engine import postgresql_engine_template, sqlite_engine_template

__all__ = ["postgresql_engine_template", "sqlite_engine_template"]
