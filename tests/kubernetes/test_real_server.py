"""The adapter against a real kube-apiserver, and, by the same tests, against the local Azure's.

`SLIPWAY_TEST_KUBECONFIG` names a kubeconfig of one context (`kubectl config view --minify --flatten`) whose user may do
all in the namespace `default`. What the tests make there they remove.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml

from app.core.clock import SystemClock
from app.core.settings import KubernetesSettings
from app.emulator.kubernetes.host import ClusterHost, ClusterSpec
from app.kubernetes.client import ClusterClient
from app.kubernetes.errors import FieldConflictError, NotInClusterError, ObjectRefusedError
from app.kubernetes.feed import Timing
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.reader import ClusterReader
from app.kubernetes.services import service_body
from app.kubernetes.types import Kubeconfig, ServicePort, ServiceSpec
from app.kubernetes.types.seen import Seen
from tests.support.kubeconfigs import FQDN

REAL = os.environ.get("SLIPWAY_TEST_KUBECONFIG")
GATEWAY = KubernetesGateway.open(KubernetesSettings(allowed_server_hosts=["127.0.0.1"], call_timeout_seconds=30))


async def _real() -> Kubeconfig:
    if REAL is None:
        pytest.skip("SLIPWAY_TEST_KUBECONFIG names no real API server")
    document = await asyncio.to_thread(Path(REAL).read_bytes)
    host = urlsplit(yaml.safe_load(document)["clusters"][0]["cluster"]["server"]).hostname
    return await GATEWAY.read_kubeconfig(document, fqdns=[host or ""])


@pytest.fixture(params=["local", "real"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[ClusterClient]:
    host = ClusterHost(now=lambda: datetime.now(UTC))
    try:
        if request.param == "real":
            kubeconfig = await _real()
        else:
            spec = ClusterSpec("prod", "prod", "group", "westeurope", FQDN, "1.33.5")
            document = (await host.start(spec)).user_kubeconfig
            kubeconfig = await GATEWAY.read_kubeconfig(document, fqdns=[FQDN])
        async with GATEWAY.connect(kubeconfig) as client:
            yield client
    finally:
        await host.close()


@pytest.fixture
async def spec(client: ClusterClient) -> AsyncIterator[ServiceSpec]:
    """A Service that does not exist yet; what is of its name at the end is removed. It gets no address of Azure's."""
    name = f"slipway-{uuid4().hex[:8]}"
    yield ServiceSpec("default", name, (ServicePort("http", 80, 8080),), "ClusterIP", selector={"app": name})
    left = await client.service("default", name)
    if left is not None:
        await client.delete_service("default", name, uid=left.uid)


async def as_another(client: ClusterClient, spec: ServiceSpec) -> None:
    """Apply as a manager who is not Slipway."""
    await client._ask(  # noqa: SLF001 - a manager of its own is what no caller may be
        lambda connection: connection.typed.apply(service_body(spec), field_manager="another", force=True)
    )


async def test_a_service_lives_and_goes(client: ClusterClient, spec: ServiceSpec) -> None:
    assert await client.service("default", spec.name) is None
    made = await client.apply_service(spec)
    assert made.ports == (ServicePort("http", 80, 8080),)
    assert made.managers == ("slipway",)
    assert made.cluster_ips
    assert spec.name in [found.name for found in await client.services()]
    assert (await client.endpoints("default", spec.name)).ready == 0
    assert await client.events_of("Service", "default", spec.name, uid=made.uid) == ()
    assert await client.delete_service("default", spec.name, uid=str(uuid4())) is False
    assert await client.delete_service("default", spec.name, uid=made.uid) is True
    assert await client.service("default", spec.name) is None


async def test_what_others_set_stays_and_what_is_ours_no_more_goes(client: ClusterClient, spec: ServiceSpec) -> None:
    await client.apply_service(replace(spec, labels={"ours": "1"}))
    await as_another(client, replace(spec, labels={"theirs": "1"}))
    again = await client.apply_service(spec)
    assert "ours" not in again.labels
    assert again.labels["theirs"] == "1"
    assert again.managers == ("another", "slipway")


async def test_a_field_of_another_is_a_conflict_until_it_is_taken_over(
    client: ClusterClient, spec: ServiceSpec
) -> None:
    await as_another(client, replace(spec, labels={"team": "theirs"}))
    ours = replace(spec, labels={"team": "ours"})
    with pytest.raises(FieldConflictError) as caught:
        await client.apply_service(ours)
    assert [error.pointer for error in caught.value.problem.errors] == ["kubernetes:.metadata.labels.team"]
    assert "another" in caught.value.problem.errors[0].detail
    assert (await client.apply_service(ours, take_over=True)).labels["team"] == "ours"


async def test_what_the_server_refuses_names_its_field(client: ClusterClient, spec: ServiceSpec) -> None:
    with pytest.raises(ObjectRefusedError) as caught:
        await client.apply_service(replace(spec, ports=(ServicePort("http", 70_000),)))
    assert any("spec.ports[0].port" in error.pointer for error in caught.value.problem.errors)
    with pytest.raises(NotInClusterError):
        await client.apply_service(replace(spec, namespace="slipway-has-no-such-namespace"))


async def test_a_cluster_tells_its_version_and_namespaces(client: ClusterClient) -> None:
    assert await client.ready()
    assert (await client.version()).split(".")[0] == "1"
    namespace = await client.namespace("default")
    assert namespace is not None
    assert not namespace.deleting
    assert await client.namespace("slipway-has-no-such-namespace") is None


async def test_a_reader_sees_a_service_come_and_go(client: ClusterClient, spec: ServiceSpec) -> None:
    seen: asyncio.Queue[Seen] = asyncio.Queue()
    task = asyncio.create_task(ClusterReader(client, Timing(SystemClock())).run(seen.put))
    try:
        async with asyncio.timeout(60):
            await _until_told(seen, spec.name, there=False)
            made = await client.apply_service(spec)
            await _until_told(seen, spec.name, there=True)
            await client.delete_service("default", spec.name, uid=made.uid)
            await _until_told(seen, spec.name, there=False)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until_told(seen: asyncio.Queue[Seen], name: str, *, there: bool) -> None:
    while True:
        services = (await seen.get()).services
        if services is not None and any(service.name == name for service in services) is there:
            return
