"""`slipway demo` to its end."""

import asyncio
import shutil
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli.screen import Screen, expected, what_happened
from tests.cli.running import SLIPWAY, environment, is_empty, slipway

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl is installed")


def only_file(folder: Path, name: str) -> str:
    """The text of a file beside which nothing is left."""
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / name]
    return (folder / name).read_text()


@pytest.mark.first
@pytest.mark.slow
@pytest.mark.kubectl
@needs_kubectl
async def test_it_ends_well_in_plain_lines_and_leaves_nothing(tmp_path: Path) -> None:
    code, output = await slipway("demo", home=tmp_path, TMPDIR=str(tmp_path))
    assert code == 0, output
    assert "\x1b" not in output
    for told in (
        "202 Accepted",
        "Put cluster",
        "Cluster first is ready: Kubernetes 1.33",
        "MC_demo_first_westeurope",
        "load balancer            kubernetes",
        "machine                  aks-system-",
        "As a picture: GET /v1/clusters/first/infrastructure?format=svg",
        "$ kubectl get nodes",
        "Server Version: v1.33",
        "Kubernetes control plane is running at https://127.0.0.1:",
        "aks-system-",
        "default/web answers at ",
        "outbound\n",
        "default/web\n",
        "are stopped",
    ):
        assert told in output
    assert "slw_" not in output
    assert "PRIVATE KEY" not in output
    assert "<svg" in only_file(tmp_path, ".slipway/first.svg")


@pytest.mark.first
@pytest.mark.slow
@pytest.mark.kubectl
@pytest.mark.timeout(300)
@needs_kubectl
async def test_the_full_story_goes_from_the_provider_to_the_deletion(tmp_path: Path) -> None:
    code, output = await slipway("demo", home=tmp_path, within=280, TMPDIR=str(tmp_path), STORY="full")
    assert code == 0, output
    for told in (
        "Microsoft.ContainerService:register",
        "Cluster first is ready",
        "default/web answers at ",
        "service/shop created",
        "default/web\n",
        "default/shop\n",
        "default/media is bound",
        "pod/gallery condition met",
        "An agent runs on each of the 2 nodes",
        "gallery is shown as running",
        "As a picture: GET /v1/clusters/first/infrastructure?format=svg",
        "its share stays",
        "Cluster first is deleted.",
        "Resource group demo is deleted.",
    ):
        assert told in output
    assert "slw_" not in output
    assert "<svg" in only_file(tmp_path, ".slipway/first.svg")


@pytest.mark.slow
async def test_ctrl_c_stops_all_and_leaves_nothing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *SLIPWAY,
        "demo",
        env=environment(tmp_path, TMPDIR=str(tmp_path), PYTHONUNBUFFERED="1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    while b"Start API" not in await asyncio.wait_for(process.stdout.readline(), 30):
        pass
    process.send_signal(signal.SIGINT)
    rest = (await asyncio.wait_for(process.stdout.read(), 30)).decode()
    assert await process.wait() == 130
    assert "nothing is left running" in rest
    assert "Traceback" not in rest
    assert is_empty(tmp_path)


@pytest.mark.slow
async def test_a_demo_that_cannot_start_says_why_and_ends_with_1(tmp_path: Path) -> None:
    code, output = await slipway("demo", home=tmp_path, TMPDIR=str(tmp_path), SLIPWAY_HTTP__DRAIN_SECONDS="planted")
    assert code == 1
    assert "Slipway did not start" in output
    assert "SLIPWAY_HTTP__DRAIN_SECONDS" in output
    assert "Traceback" not in output


def test_a_problem_is_shown_with_its_remedy_and_azures_words(capsys: pytest.CaptureFixture[str]) -> None:
    problem = {
        "code": "quota_exceeded",
        "title": "Quota exceeded",
        "detail": "The region has 0 cores left.",
        "remedy": "Ask for more, or choose another size.",
        "azure": {"message": "Operation could not be completed as it results in exceeding quota."},
    }
    Screen().failed(problem, logs="the/logs")
    shown = capsys.readouterr().out
    for told in ("Quota exceeded (quota_exceeded)", "0 cores left", "another size", "exceeding quota", "the/logs"):
        assert told in shown


def test_a_step_shows_what_changed_in_azure_before_what_was_read() -> None:
    read = {"method": "GET", "path": "/subscriptions/s/resourcegroups/shop", "status": 404}
    change = {**read, "method": "PUT", "status": 201}
    assert what_happened({"azure": {"read": read, "change": change}}) == "PUT resourcegroups/shop: 201"
    assert what_happened({"azure": {"read": read}}) == "GET resourcegroups/shop: 404"
    assert what_happened({"azure": None}) == "in the database"


def test_an_ended_job_is_expected_no_more() -> None:
    assert expected({"finished_at": "2026-01-01T00:00:00Z", "expected_end": "2026-01-01T00:00:00Z"}) == ""


def test_by_when_a_job_has_likely_ended_is_told_where_that_is_later() -> None:
    """Trouble 15."""
    now = datetime.now(UTC)
    job = {"finished_at": None, "expected_end": f"{now + timedelta(seconds=60.4)}"}
    assert expected({**job, "likely_end_by": None}) == "expected to end in 1 min 0 s"
    later = f"{now + timedelta(seconds=90.4)}"
    assert expected({**job, "likely_end_by": later}) == "expected to end in 1 min 0 s, most likely within 1 min 30 s"
