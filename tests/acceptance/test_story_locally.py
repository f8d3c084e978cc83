"""What `make acceptance-azure` runs, run against the local Azure: that it passes, and that it leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from app.core.durations import ExpectSettings
from tests.acceptance.conftest import ROOT, SPEED, LocalAzureProcess

pytestmark = pytest.mark.timeout(600)

STORY: Final = (sys.executable, "-m", "pytest", "-x", "--durations=8", "tests/acceptance/test_story_on_azure.py")
SECONDS: Final = 300


@pytest.fixture
def environment(azure: LocalAzureProcess) -> dict[str, str]:
    """Only settings make the local Azure out of Azure."""
    expected = {
        f"SLIPWAY_EXPECT__{name.upper()}": str(float(info.default) / SPEED)
        for name, info in ExpectSettings.model_fields.items()
    }
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")},
        **azure.facts["environment"],
        **expected,
        "SLIPWAY_ACCEPTANCE_SUBSCRIPTION": azure.facts["subscription_id"],
        "SLIPWAY_AZURE__RESOURCE_MANAGER_URL": azure.facts["url"],
        "SLIPWAY_AZURE__CREDENTIAL": "managed_identity",
        "SLIPWAY_KUBERNETES__ALLOWED_SERVER_HOSTS": json.dumps(["127.0.0.1"]),
        "NO_PROXY": "127.0.0.1",
    }


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    # A shell ignores SIGINT in what it runs in the background, and the story would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(STORY, cwd=ROOT, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def groups(azure: LocalAzureProcess) -> list[str]:
    found: list[dict[str, Any]] = azure.read("/_local/state")["resources"]
    return [resource["id"] for resource in found if resource["type"].lower() == "microsoft.resources/resourcegroups"]


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_whole_story_passes_and_its_group_is_gone(azure: LocalAzureProcess, environment: dict[str, str]) -> None:
    process = start(environment)
    output = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, output
    assert "7 passed" in output
    assert groups(azure) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_group_is_removed_when_the_story_is_broken_off(
    azure: LocalAzureProcess, environment: dict[str, str], number: signal.Signals
) -> None:
    process = start(environment)
    query = "/_local/requests?operation=ManagedClusters_CreateOrUpdate&effect=created"
    before = len(azure.read(query)["requests"])
    wait_for(lambda: len(azure.read(query)["requests"]) > before, process)
    assert groups(azure) != []
    process.send_signal(number)
    output = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 2, output
    assert groups(azure) == []


def test_the_group_is_removed_when_the_story_fails(azure: LocalAzureProcess, environment: dict[str, str]) -> None:
    azure.add_fault(kind="fail_operation", operation="ManagedClusters_CreateOrUpdate", code="QuotaExceeded")
    process = start(environment)
    output = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 1, output
    assert groups(azure) == []


def test_without_a_subscription_it_says_that_it_was_not_run_and_fails(environment: dict[str, str]) -> None:
    process = start({**environment, "SLIPWAY_ACCEPTANCE_SUBSCRIPTION": ""})
    output = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 2
    assert "was NOT run: SLIPWAY_ACCEPTANCE_SUBSCRIPTION names no subscription" in output
