"""A private cluster runs and answers nobody outside its network; AKS's runCommand reaches it all the same."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.emulator.core.clock import ManualClock
from app.emulator.server import LocalAzureOptions
from tests.emulator.conftest import CLUSTER, Arm, arm_for
from tests.emulator.test_run_commands import context, run
from tests.support.local_azure import LocalAzureForTests, start_local_azure

PRIVATE: dict[str, Any] = {"apiServerAccessProfile": {"enablePrivateCluster": True}}
WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
"""


async def make(arm: Arm, azure: LocalAzureForTests) -> None:
    await arm.make_group()
    assert (await arm.make_cluster(**PRIVATE)).status == 201
    await asyncio.to_thread(azure.advance, 400)


async def port_of(arm: Arm) -> int:
    answer = await arm.send("POST", f"{arm.cluster()}/listClusterUserCredential")
    config = yaml.safe_load(base64.b64decode(answer.body["kubeconfigs"][0]["value"]))
    return int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])


async def test_nobody_outside_reaches_it(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await make(arm, stopped_azure)
    properties = (await arm.send("GET", arm.cluster())).body["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["apiServerAccessProfile"] == {"enablePrivateCluster": True, "privateDNSZone": "system"}
    assert properties["privateFQDN"].endswith(".privatelink.westus2.azmk8s.io")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", await port_of(arm))


async def test_commands_and_services_work_in_it(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await make(arm, stopped_azure)
    code, _ = await run(arm, "kubectl apply -f web.yaml", context=context(web_yaml=WEB))
    assert code == 0
    stopped_azure.advance(10)
    code, text = await run(arm, "kubectl get services,nodes --all-namespaces --output json")
    found = {item["metadata"]["name"]: item for item in json.loads(text)["items"]}
    assert code == 0
    assert len(found["web"]["status"]["loadBalancer"]["ingress"]) == 1
    assert "Node" in {item["kind"] for item in found.values()}
    only = "--field-selector involvedObject.kind=Service"
    code, text = await run(arm, f"kubectl get events --all-namespaces {only} --output json")
    assert {item["reason"] for item in json.loads(text)["items"]} == {"EnsuringLoadBalancer", "EnsuredLoadBalancer"}


async def test_it_stays_private(arm: Arm, stopped_azure: LocalAzureForTests, tmp_path: Path) -> None:
    await make(arm, stopped_azure)
    body = {**CLUSTER, "properties": {"apiServerAccessProfile": {"enablePrivateCluster": False}}}
    refused = await arm.send("PUT", arm.cluster(), body)
    assert (refused.status, refused.body["code"]) == (400, "PropertyChangeNotAllowed")
    options = LocalAzureOptions(speed=1.0, state_file=tmp_path / "azure.json")
    with start_local_azure(options, clock=ManualClock()) as azure:
        azure.register()
        async with arm_for(azure) as own:
            await make(own, azure)
    with start_local_azure(options, clock=ManualClock()) as azure:
        async with arm_for(azure) as own:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", await port_of(own))
            assert (await run(own, "kubectl version"))[0] == 0


async def test_only_the_beginning_of_what_a_command_writes_is_kept(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    await make(arm, stopped_azure)
    large = "---".join(
        f"\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: large-{number}}}\ndata: {{text: {'ü' * 150_000}}}\n"
        for number in range(3)
    )
    assert (await run(arm, "kubectl create -f large.yaml", context=context(large_yaml=large)))[0] == 0
    code, text = await run(arm, "kubectl get configmaps -o json")
    assert code == 0
    assert 512 * 1024 - 2 < len(text.encode()) <= 512 * 1024
