"""A restart with `--state` keeps clusters, operations in flight, ports and keys."""

import ssl
import stat
from pathlib import Path

import aiohttp
import pytest
import yaml

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from app.emulator.state_file import StateFileError, load_state
from tests.emulator.conftest import Arm, arm_for
from tests.support.local_azure import start_local_azure


async def _user_kubeconfig(arm: Arm) -> str:
    reply = await arm.send("POST", arm.cluster() + "/listClusterUserCredential")
    return str(reply.body["kubeconfigs"][0]["value"])


async def test_a_restart_keeps_clusters_and_what_is_in_flight(tmp_path: Path) -> None:
    options = LocalAzureOptions(state_file=tmp_path / "azure.json", speed=1.0)
    clock = ManualClock()
    with start_local_azure(options, clock=clock) as azure:
        azure.register()
        async with arm_for(azure) as arm:
            await arm.make_group()
            await arm.make_cluster("c1")
            azure.advance(300)
            config = await _user_kubeconfig(arm)
            created = await arm.make_cluster("c2")
            azure.advance(150)
            before = (azure.url, azure.https_url, azure.identity_env, azure.ca_file.read_bytes(), arm.token)
    with start_local_azure(options, clock=clock) as azure:
        async with arm_for(azure) as arm:
            arm.token = before[4]
            assert (azure.url, azure.https_url, azure.identity_env) == before[:3]
            assert azure.ca_file.read_bytes() == before[3]
            assert await _user_kubeconfig(arm) == config
            status = await arm.status_of(created)
            assert status["status"] == "CreatingAgentPools: 0/1 nodes completed"
            azure.advance(150)
            assert (await arm.status_of(created))["status"] == "Succeeded"
            listed = await arm.send("GET", "providers/Microsoft.ContainerService/managedClusters")
            assert [c["properties"]["provisioningState"] for c in listed.body["value"]] == ["Succeeded"] * 2


async def test_an_acknowledged_change_is_on_the_disk_before_its_answer(tmp_path: Path) -> None:
    path = tmp_path / "azure.json"
    with start_local_azure(LocalAzureOptions(state_file=path)) as azure:
        async with arm_for(azure) as arm:
            for number in range(5):
                await arm.make_group(f"g{number}")
                saved = [r["body"]["name"] for r in load_state(path)["resources"] if "/resourceGroups/" in r["id"]]
                assert saved[-1] == f"g{number}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_kubernetes_api_answers_on_the_same_port_after_a_restart(tmp_path: Path) -> None:
    options = LocalAzureOptions(state_file=tmp_path / "azure.json", speed=5_000.0)
    with start_local_azure(options) as azure:
        azure.register()
        async with arm_for(azure) as arm:
            await arm.make_group()
            created = await arm.make_cluster()
            while (await arm.status_of(created))["status"] != "Succeeded":
                pass
            port = azure.azure.host.endpoint(_key(arm)).port
    with start_local_azure(options) as azure:
        endpoint = azure.azure.host.endpoint(_key_of(azure.subscription_id))
        assert endpoint.port == port
        cluster = yaml.safe_load(endpoint.user_kubeconfig)
        token = cluster["users"][0]["user"]["token"]
        context = ssl.create_default_context(cadata=endpoint.ca_pem.decode())
        name = cluster["clusters"][0]["cluster"]["tls-server-name"]
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
            session.get(f"{endpoint.url}/api/v1/nodes", ssl=context, server_hostname=name) as reply,
        ):
            assert len((await reply.json())["items"]) == 1


def _key(arm: Arm) -> str:
    return _key_of(arm.azure.subscription_id)


def _key_of(subscription: str) -> str:
    return f"/subscriptions/{subscription}/resourcegroups/g1/providers/microsoft.containerservice/managedclusters/c1"


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}'])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "azure.json"
    path.write_text(text)
    with pytest.raises(StateFileError, match=r"azure\.json is not the state of a local Azure"):
        load_state(path)
