"""Real kubectl, with the kubeconfig that the cluster gives out."""

import asyncio
import json
from pathlib import Path

import pytest

from app.emulator.kubernetes.host import Endpoint
from tests.emulator.kubernetes.kubectls import Kubectl, configured, kubectls

pytestmark = pytest.mark.kubectl


@pytest.fixture
def kubectl(cluster: Endpoint, tmp_path: Path) -> Kubectl:
    found = [*kubectls().values()]
    if not found:
        pytest.skip("no kubectl: none on PATH and none from `make tools`")
    return configured(found[-1], cluster.user_kubeconfig, tmp_path)


async def test_version_tells_the_servers(kubectl: Kubectl) -> None:
    told = json.loads(await kubectl("version", "-o", "json"))
    assert told["serverVersion"]["gitVersion"] == "v1.33.5"


async def test_cluster_info_finds_the_control_plane_and_the_addons(kubectl: Kubectl, cluster: Endpoint) -> None:
    said = await kubectl("cluster-info")
    assert "control plane" in said
    assert cluster.url in said
    assert "CoreDNS" in said
    assert "Metrics-server" in said


async def test_get_nodes_shows_each_with_its_own_columns(kubectl: Kubectl) -> None:
    head, *rows = (await kubectl("get", "nodes", "-o", "wide")).splitlines()
    for column in ("STATUS", "ROLES", "VERSION", "INTERNAL-IP", "OS-IMAGE", "CONTAINER-RUNTIME"):
        assert column in head
    assert [row.split()[1] for row in rows] == ["Ready"] * 3
    assert "Windows Server 2022 Datacenter" in rows[2]


async def test_get_nodes_as_json_has_the_labels_that_aks_sets(kubectl: Kubectl) -> None:
    nodes = json.loads(await kubectl("get", "nodes", "-o", "json"))["items"]
    labels = nodes[0]["metadata"]["labels"]
    assert labels["kubernetes.azure.com/mode"] == "system"
    assert labels["topology.kubernetes.io/zone"] == "westeurope-1"
    assert labels["team"] == "web"


async def test_get_services_of_all_namespaces(kubectl: Kubectl) -> None:
    rows = [line.split()[:2] for line in (await kubectl("get", "svc", "-A")).splitlines()[1:]]
    assert rows == [["default", "kubernetes"], ["kube-system", "kube-dns"], ["kube-system", "metrics-server"]]


async def test_a_watch_of_namespaces_sees_a_new_one_and_its_end(kubectl: Kubectl) -> None:
    watching = await kubectl.start("get", "ns", "-w", "--no-headers")
    assert watching.stdout is not None
    seen: list[str] = []
    while len(seen) < 4:
        seen.append((await watching.stdout.readline()).decode())
    await kubectl("create", "namespace", "fresh")
    assert (await watching.stdout.readline()).split()[:2] == [b"fresh", b"Active"]
    await kubectl("delete", "namespace", "fresh")
    assert (await watching.stdout.readline()).split()[:2] == [b"fresh", b"Terminating"]
    watching.terminate()
    await watching.communicate()


async def test_a_watch_ends_with_its_request_timeout(kubectl: Kubectl) -> None:
    watching = await kubectl.start("get", "ns", "-w", "--request-timeout=1s")
    out, _ = await asyncio.wait_for(watching.communicate(), 30)
    assert b"kube-system" in out


async def test_a_deleted_namespace_is_gone_with_its_content(kubectl: Kubectl) -> None:
    await kubectl("create", "namespace", "short")
    await kubectl("create", "secret", "generic", "word", "--from-literal=a=b", "--namespace", "short")
    await kubectl("create", "configmap", "plain", "--from-literal=a=b", "--namespace", "short")
    assert "short" in await kubectl("get", "ns")
    await kubectl("delete", "namespace", "short")
    assert "short" not in await kubectl("get", "ns", "--no-headers")
    assert "word" not in await kubectl("get", "secrets", "-A")


async def test_apply_twice_changes_what_the_file_changes(kubectl: Kubectl, tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n"
    file.write_text(text)
    assert "created" in await kubectl("apply", "-f", str(file))
    assert "unchanged" in await kubectl("apply", "-f", str(file))
    file.write_text(text.replace("a: b", "a: c"))
    assert "configured" in await kubectl("apply", "-f", str(file))
    assert await kubectl("get", "svc", "web", "-o", "jsonpath={.spec.selector.a}") == "c"


async def test_edits_by_patch_label_and_server_side_apply(kubectl: Kubectl, tmp_path: Path) -> None:
    await kubectl("create", "configmap", "plain", "--from-literal=a=b")
    await kubectl("label", "configmap", "plain", "x=y")
    await kubectl("patch", "configmap", "plain", "--type=json", "-p", '[{"op":"add","path":"/data/c","value":"d"}]')
    file = tmp_path / "plain.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {e: f}\n")
    await kubectl("apply", "--server-side", "-f", str(file))
    found = json.loads(await kubectl("get", "configmap", "plain", "-o", "json"))
    assert found["data"] == {"a": "b", "c": "d", "e": "f"}
    assert found["metadata"]["labels"] == {"x": "y"}


async def test_wait_describe_and_auth(kubectl: Kubectl) -> None:
    assert "condition met" in await kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=10s")
    described = await kubectl("describe", "node", "aks-nodepool1-12345678-vmss000000")
    assert "kubernetes.azure.com/agentpool=nodepool1" in described
    assert "clusterUser" in await kubectl("auth", "whoami")
    assert await kubectl("auth", "can-i", "create", "pods") == "yes\n"


async def test_what_kubectl_makes_itself_arrives_whole(kubectl: Kubectl) -> None:
    await kubectl("create", "service", "nodeport", "web", "--tcp=80:8080", "--node-port=30123")
    service = json.loads(await kubectl("get", "service", "web", "-o", "json"))
    assert service["spec"]["ports"] == [
        {"name": "80-8080", "port": 80, "targetPort": 8080, "nodePort": 30123, "protocol": "TCP"}
    ]
    assert service["spec"]["selector"] == {"app": "web"}
    await kubectl("create", "service", "externalname", "away", "--external-name=example.com")
    assert "example.com" in await kubectl("get", "service", "away")
    await kubectl("create", "serviceaccount", "worker")
    await kubectl("create", "secret", "generic", "word", "--from-literal=a=b", "--type=example.com/word")
    secret = json.loads(await kubectl("get", "secret", "word", "-o", "json"))
    assert (secret["data"], secret["type"]) == ({"a": "Yg=="}, "example.com/word")


async def test_what_is_refused_is_said_plainly(kubectl: Kubectl) -> None:
    process = await kubectl.start("get", "crd")
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"the local Azure's clusters have no custom resource definitions" in err
