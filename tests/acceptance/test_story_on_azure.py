"""Slipway's main story against the Azure that the environment names: `make acceptance-azure`.

It makes one cluster with one node, talks to it, and removes all of it; docs/azure.md says what it needs and costs.
test_story_locally.py runs this very file against the local Azure.
"""

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.acceptance.conftest import Program, find_kubectl
from tests.acceptance.resource_group import remove_group
from tests.acceptance.running_slipway import RunningSlipway, running_slipway

pytestmark = pytest.mark.timeout(3600)

SUBSCRIPTION: Final = "SLIPWAY_ACCEPTANCE_SUBSCRIPTION"
LOCATION: Final = os.environ.get("SLIPWAY_ACCEPTANCE_LOCATION", "westeurope")
NODE_SIZE: Final = os.environ.get("SLIPWAY_ACCEPTANCE_NODE_SIZE", "Standard_D2s_v5")
PROVIDER: Final = "/v1/providers/Microsoft.ContainerService"
NOT_RUN: Final = f"""The acceptance against real Azure was NOT run: {SUBSCRIPTION} names no subscription.
Set it to the id of one that may be charged for a small cluster, and SLIPWAY_AZURE__CREDENTIAL and what it needs
(docs/azure.md). This ends with an error, so that nobody takes what was not run for what has passed."""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """What Slipway's processes are told: all that is set here, and which subscription."""
    subscription = os.environ.get(SUBSCRIPTION)
    if not subscription:
        pytest.exit(NOT_RUN, returncode=2)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_ACCEPTANCE_")}
    return {**ours, "SLIPWAY_AZURE__SUBSCRIPTION_ID": subscription}


@pytest.fixture(scope="module")
def group(environment: dict[str, str], request: pytest.FixtureRequest) -> Iterator[str]:
    """A name that nobody has; the group is removed after a success, a failure, Ctrl-C and SIGTERM alike."""
    name = f"slipway-acceptance-{secrets.token_hex(4)}"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hint = f"should it outlive this (kill -9): az group delete --name {name}"
    request.config.get_terminal_writer().line(f"\nResource group {name} in {LOCATION}; {hint}")
    try:
        yield name
    finally:
        remove_group(name, environment)


@pytest.fixture(scope="module")
def slipway(
    group: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSlipway]:
    with running_slipway(tmp_path_factory.mktemp("slipway"), environment) as running:
        yield running


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kubectl") / "kubeconfig"


def test_azure_offers_what_the_story_asks_for(slipway: RunningSlipway) -> None:
    versions = slipway.ask("GET", f"/v1/versions?location={LOCATION}").json()["items"]
    assert versions
    sizes = slipway.ask("GET", f"/v1/node-sizes?location={LOCATION}").json()["items"]
    assert NODE_SIZE in [size["name"] for size in sizes]


def test_the_provider_gets_registered(slipway: RunningSlipway) -> None:
    slipway.done("POST", f"{PROVIDER}:register", {})
    assert slipway.ask("GET", PROVIDER).json()["registered"] is True


def test_a_cluster_is_created(slipway: RunningSlipway, group: str) -> None:
    body = {
        "name": "acceptance",
        "location": LOCATION,
        "resource_group": group,
        "node_count": 1,
        "node_size": NODE_SIZE,
        "generate_ssh_key": True,
        "tags": {"purpose": "acceptance"},
    }
    job = slipway.done("POST", "/v1/clusters", body)
    assert job["summary"].startswith("Cluster acceptance is ready")


def test_the_cluster_is_as_asked(slipway: RunningSlipway, group: str) -> None:
    cluster = slipway.ask("GET", "/v1/clusters/acceptance").json()
    assert (cluster["state"], cluster["resource_group"], cluster["location"]) == ("ready", group, LOCATION)
    assert [(pool["count"], pool["size"]) for pool in cluster["node_pools"]] == [(1, NODE_SIZE)]
    assert cluster["outbound_ips"]
    assert cluster["tags"] == {"purpose": "acceptance"}


@pytest.fixture
def kubectl(kubeconfig: Path) -> Program:
    kept = {name: os.environ[name] for name in ("PATH", "NO_PROXY", "HTTPS_PROXY") if name in os.environ}
    return Program((find_kubectl(), "--kubeconfig", str(kubeconfig)), {**kept, "HOME": str(kubeconfig.parent)})


def test_kubectl_talks_to_it(slipway: RunningSlipway, kubeconfig: Path, kubectl: Program) -> None:
    document = slipway.ask("POST", "/v1/clusters/acceptance/credentials", Accept="application/yaml").text
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(document)
    assert yaml.safe_load(document)["kind"] == "Config"
    version: Any = kubectl.json("version")
    cluster = slipway.ask("GET", "/v1/clusters/acceptance").json()
    assert version["serverVersion"]["gitVersion"].removeprefix("v") == cluster["kubernetes_version"]
    nodes = kubectl.run("get", "nodes", "--no-headers").splitlines()
    assert [line.split()[1] for line in nodes] == ["Ready"]
    assert "namespace/kube-system" in kubectl.run("get", "ns", "--output", "name")


def test_it_is_scaled(slipway: RunningSlipway, kubectl: Program) -> None:
    slipway.done("POST", "/v1/clusters/acceptance:scale", {"count": 2})
    assert len(kubectl.run("get", "nodes", "--no-headers").splitlines()) == 2


def test_it_is_deleted_with_the_group_that_was_made_for_it(slipway: RunningSlipway, group: str) -> None:
    slipway.done("DELETE", "/v1/clusters/acceptance")
    gone = slipway.ask("GET", "/v1/resource-groups?state=deleted").json()["items"]
    assert [found["name"] for found in gone] == [group]
