"""What the types of steps forbid."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.engine.steps import Codec

ROOT = Path(__file__).parents[2]

_SNIPPET = """
from sqlalchemy.ext.asyncio import AsyncSession
from app.engine.run import JobRun
from app.engine.steps import Cloud, Record, cloud_step, record_step


class Gateways: ...


{step}


async def workflow(run: JobRun[Gateways]) -> None:
    await run.{call}
"""

_RIGHT_CLOUD = """
@cloud_step
async def step(cloud: Cloud[Gateways], name: str) -> int:
    return len(name)
"""
_RIGHT_RECORD = """
@record_step
async def step(record: Record, name: str) -> int:
    return len(name + str(record.session))
"""


@pytest.mark.slow
def test_a_network_call_inside_a_transaction_does_not_type_check(tmp_path: Path) -> None:
    wrong = {
        "cloud step that takes a session": (
            "@cloud_step\nasync def step(session: AsyncSession) -> None: ...",
            "cloud(step)",
        ),
        "cloud step that takes a record": ("@cloud_step\nasync def step(record: Record) -> None: ...", "cloud(step)"),
        "session of a cloud step": (
            "@cloud_step\nasync def step(cloud: Cloud[Gateways]) -> None:\n    print(cloud.session)",
            "cloud(step)",
        ),
        "record step that takes gateways": (
            "@record_step\nasync def step(gateways: Gateways) -> None: ...",
            "record(step)",
        ),
        "record step that takes a cloud": (
            "@record_step\nasync def step(cloud: Cloud[Gateways]) -> None: ...",
            "record(step)",
        ),
        "gateways of a record step": (
            "@record_step\nasync def step(record: Record) -> None:\n    print(record.gateways)",
            "record(step)",
        ),
        "cloud step run as a record step": (_RIGHT_CLOUD, 'record(step, "a")'),
        "record step run as a cloud step": (_RIGHT_RECORD, 'cloud(step, "a")'),
        "wrong argument": (_RIGHT_CLOUD, "cloud(step, 1)"),
    }
    right = {"cloud": (_RIGHT_CLOUD, 'cloud(step, "a")'), "record": (_RIGHT_RECORD, 'record(step, "a")')}
    files = {}
    for number, (name, (step, call)) in enumerate([*wrong.items(), *right.items()]):
        file = tmp_path / f"snippet_{number}.py"
        file.write_text(_SNIPPET.format(step=step, call=call))
        files[name] = file
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, files.values())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    complained = {name for name, file in files.items() if f"{file.name}:" in found.stdout}
    assert complained == set(wrong), found.stdout + found.stderr


@dataclass(frozen=True)
class Inner:
    at: datetime
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Outer:
    inner: dict[str, Inner]
    name: str | None


def test_a_result_comes_back_as_what_it_was() -> None:
    value = Outer({"a": Inner(datetime(2026, 1, 2, tzinfo=UTC), (1, 2))}, None)

    async def found() -> Outer:
        return value

    codec = Codec(found)
    stored = codec.encode(value)
    assert stored == {"inner": {"a": {"at": "2026-01-02T00:00:00Z", "sizes": [1, 2]}}, "name": None}
    assert codec.decode(stored) == value
