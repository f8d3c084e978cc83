"""Fixtures that tests of every area may ask for."""

import gc
import os

import pytest
import structlog

from tests.support.database import (
    database,
    database_kind,
    database_settings,
    open_database,
    postgresql_server,
    postgresql_template,
    sqlite_template,
    unsynced,
)
from tests.support.local_azure import local_azure, stopped_azure
from tests.support.order import longest_first
from tests.support.turns import deselected

__all__ = [
    "database",
    "database_kind",
    "database_settings",
    "local_azure",
    "open_database",
    "postgresql_server",
    "postgresql_template",
    "sqlite_template",
    "stopped_azure",
    "unsynced",
]

# Nothing of what is imported and collected is garbage, and to look for some takes a fifth of the time.
gc.disable()

# structlog's own default renders every local variable of a traceback: seconds of work for each 500 that a test wants.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


# Last, when all that does not run is out: where each worker's items begin depends on how many there are.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes longest begins first: at the end all workers but one would wait for it."""
    if others := deselected(items):
        config.hook.pytest_deselected(items=others)
        left_out = set(others)
        items[:] = [item for item in items if item not in left_out]
    items[:] = longest_first(items)


def pytest_collection_finish() -> None:
    """From here on garbage is collected, but all that there is lives as long as the run, and so does most that is made
    once by a first test: to look for it as often as is usual takes a tenth of the time.
    """
    gc.freeze()
    gc.set_threshold(7_000, 20, 50)
    gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Twice the cores: a test waits for jobs, processes and polls more than it computes."""
    return 2 * (os.cpu_count() or 1)
