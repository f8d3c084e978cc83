"""AKS's runCommand, by its SDK and by hand."""

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from tests.emulator.conftest import Arm, Sdk
from tests.support.local_azure import LocalAzureForTests

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{name: web, port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: kube-public}
data: {colour: blue}
"""


def context(**files: str) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return base64.b64encode(packed.getvalue()).decode()


@pytest.fixture
async def cluster(arm: Arm, stopped_azure: LocalAzureForTests) -> Arm:
    await arm.make_group()
    await arm.make_cluster()
    stopped_azure.advance(400)
    return arm


async def run(arm: Arm, command: str, **body: Any) -> tuple[int, str]:
    sent = await arm.send("POST", f"{arm.cluster()}/runCommand", {"command": command, **body})
    assert sent.status == 202, sent.text
    arm.azure.advance(10)
    found = await arm.send("GET", sent.headers["location"])
    assert (found.status, found.body["properties"]["provisioningState"]) == (200, "Succeeded")
    return found.body["properties"]["exitCode"], found.body["properties"]["logs"]


async def test_the_sdk_follows_a_command_to_its_end(sdk: Sdk, local_azure: LocalAzureForTests) -> None:
    pool = {"name": "pool1", "mode": "System", "count": 1, "vmSize": "Standard_DS2_v2", "osType": "Linux"}
    properties: dict[str, Any] = {"dnsPrefix": "a", "agentPoolProfiles": [pool]}
    body = {"location": "westus2", "identity": {"type": "SystemAssigned"}, "properties": properties}
    await sdk.resources.resource_groups.create_or_update("g1", {"location": "westus2"})
    await (await sdk.aks.managed_clusters.begin_create_or_update("g1", "c1", body)).result()
    command = {"command": "kubectl get nodes -o json"}
    result = await (await sdk.aks.managed_clusters.begin_run_command("g1", "c1", command)).result()
    assert (result.properties.provisioning_state, result.properties.exit_code) == ("Succeeded", 0)
    assert [node["kind"] for node in json.loads(result.properties.logs)["items"]] == ["Node"]
    again = await sdk.aks.managed_clusters.get_command_result("g1", "c1", result.id)
    assert again.properties.logs == result.properties.logs


async def test_a_command_takes_its_time(cluster: Arm, stopped_azure: LocalAzureForTests) -> None:
    sent = await cluster.send("POST", f"{cluster.cluster()}/runCommand", {"command": "kubectl version"})
    assert (sent.status, sent.text) == (202, "")
    waiting = await cluster.send("GET", sent.headers["location"])
    assert (waiting.status, waiting.headers["location"]) == (202, sent.headers["location"])
    assert waiting.body["properties"]["provisioningState"] == "Running"
    assert waiting.body["id"].isalnum()
    stopped_azure.advance(10)
    done = await cluster.send("GET", sent.headers["location"])
    assert (done.status, done.body["id"] in sent.headers["location"]) == (200, True)
    assert "v1.33.5" in done.body["properties"]["logs"]
    # The cluster is not busy meanwhile.
    await cluster.send("POST", f"{cluster.cluster()}/runCommand", {"command": "kubectl version"})
    assert (await cluster.send("PATCH", cluster.cluster(), {"tags": {"a": "b"}})).status == 200


async def test_what_is_applied_can_be_read_and_deleted(cluster: Arm) -> None:
    files = {"context": context(web_yaml=WEB)}
    said = "service/web created\nconfigmap/settings created\n"
    assert await run(cluster, "kubectl apply -f web.yaml", **files) == (0, said)
    said = said.replace("created", "unchanged")
    assert await run(cluster, "kubectl apply -f ./web.yaml", **files) == (0, said)
    changed = {"context": context(web_yaml=WEB.replace("app: web", "app: shop"))}
    command = "kubectl apply --server-side --field-manager=slipway -f web.yaml"
    refused = await run(cluster, command, **changed)
    assert (refused[0], refused[1].startswith("Error from server (Conflict): Apply failed with 1 conflict")) == (
        1,
        True,
    )
    command += " --force-conflicts"
    assert (await run(cluster, command, **changed))[1].startswith("service/web serverside-applied\n")
    code, text = await run(cluster, "kubectl get svc web -n default -o json")
    assert (code, json.loads(text)["spec"]["type"]) == (0, "LoadBalancer")
    code, text = await run(cluster, "kubectl get svc,cm -A -o name")
    assert {"service/web", "service/kubernetes", "configmap/settings"} <= set(text.split())
    code, text = await run(cluster, "kubectl get events --field-selector involvedObject.name=web -o json")
    assert "EnsuringLoadBalancer" in {event["reason"] for event in json.loads(text)["items"]}
    assert await run(cluster, "kubectl delete svc/web") == (0, 'service "web" deleted\n')
    assert await run(cluster, "kubectl delete -f web.yaml --ignore-not-found", **files) == (
        0,
        'service "web" deleted\nconfigmap "settings" deleted\n',
    )
    cluster.azure.advance(20)
    missing = (1, 'Error from server (NotFound): services "web" not found\n')
    assert await run(cluster, "kubectl get service web -o json") == missing
    assert await run(cluster, "kubectl get service web -o json --ignore-not-found") == (0, "")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("helm list", "single kubectl commands only"),
        ("kubectl get pods -o json | grep x", "single kubectl commands only"),
        ("kubectl exec web -- ls", "single kubectl commands only"),
        ("kubectl get pods", "prints no tables"),
        ("kubectl get pods -o wide", "no output as 'wide'"),
        ("kubectl get nothings -o json", 'doesn\'t have a resource type "nothings"'),
        ("kubectl get -o json", "You must specify the type of resource"),
        ("kubectl apply -f missing.yaml", 'the path "missing.yaml" does not exist'),
        ("kubectl apply", "must specify --filename"),
        ("kubectl delete svc", "no name was specified"),
        ("kubectl get svc 'unclosed", "No closing quotation"),
        ("kubectl get svc --watch -o json", "unrecognized arguments: --watch"),
        ("kubectl create -f bad.yaml", 'unable to recognize "bad.yaml"'),
        ("kubectl create -f wrong.yaml", "Error from server (Invalid): Service"),
    ],
)
async def test_what_cannot_be_run_is_said_with_a_code(cluster: Arm, command: str, word: str) -> None:
    wrong = WEB.partition("---")[0].replace("port: 80", "port: 70000")
    code, text = await run(cluster, command, context=context(bad_yaml="a: 1", wrong_yaml=wrong))
    assert code == 1
    assert word in text


async def test_aks_refuses_what_is_no_command(cluster: Arm, stopped_azure: LocalAzureForTests) -> None:
    path = f"{cluster.cluster()}/runCommand"
    for body in ({}, {"command": " "}, {"command": "kubectl version", "context": "no zip"}):
        refused = await cluster.send("POST", path, body)
        assert (refused.status, refused.body["code"]) == (400, "InvalidParameter")
    unknown = await cluster.send("GET", f"{cluster.cluster()}/commandResults/1234")
    assert (unknown.status, unknown.body["code"]) == (404, "NotFound")
    closed: dict[str, Any] = {"apiServerAccessProfile": {"disableRunCommand": True}}
    await cluster.make_cluster("closed", **closed)
    stopped_azure.advance(400)
    refused = await cluster.send("POST", f"{cluster.cluster('closed')}/runCommand", {"command": "kubectl version"})
    assert (refused.status, "disabled" in refused.body["message"]) == (400, True)


async def test_a_command_that_fails_in_azure_says_why(cluster: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("fail_operation", operation="ManagedClusters_RunCommand", message="ImagePullBackOff")
    sent = await cluster.send("POST", f"{cluster.cluster()}/runCommand", {"command": "kubectl version"})
    stopped_azure.advance(10)
    properties = (await cluster.send("GET", sent.headers["location"])).body["properties"]
    assert (properties["provisioningState"], properties["reason"]) == ("Failed", "ImagePullBackOff")
    assert "exitCode" not in properties
