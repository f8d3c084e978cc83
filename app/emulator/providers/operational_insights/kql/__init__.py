"""A small Kusto: what it knows it does as Log Analytics does, and all else it refuses by name."""

from app.emulator.providers.operational_insights.kql.errors import QueryError
from app.emulator.providers.operational_insights.kql.run import run_query
from app.emulator.providers.operational_insights.kql.values import Column, Relation

__all__ = ["Column", "QueryError", "Relation", "run_query"]
