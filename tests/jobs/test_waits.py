"""What a job shows while its calls to Azure have to wait."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from app.azure.types.call import Wait
from app.jobs.workflow import Cloud, azure_call

_FULL = "Azure takes no more calls of this kind for the moment."


@pytest.mark.parametrize(
    ("seconds", "limited", "shown"),
    [
        (12, True, [(f"{_FULL} It is asked again in 12 s.", "throttling"), ("Azure is asked again.", None)]),
        (0.2, True, []),
        (0.2, False, [(_FULL, None), ("Azure is asked again.", None)]),
    ],
    ids=["a long wait for a turn", "a turn that comes soon", "a retry"],
)
def test_a_job_waits_for_throttling_as_long_as_azures_limits_keep_it(
    seconds: float, limited: bool, shown: list[tuple[str, str | None]]
) -> None:
    said: list[tuple[str, str | None]] = []

    def progress(words: str, *, waiting_for: str | None = None) -> None:
        said.append((words, waiting_for))

    context = SimpleNamespace(fence=None, progress=progress)
    job = SimpleNamespace(id="job_1", epoch=1, deadline_at=datetime(2026, 11, 27, tzinfo=UTC))
    tell = azure_call(cast("Cloud", SimpleNamespace(job=job, step="put_cluster", context=context))).on_wait
    assert tell is not None
    for each in (seconds, 0):
        tell(Wait(_FULL, each, limited))
    assert said == shown
