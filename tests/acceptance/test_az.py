"""Real `az`, and kubectl with the kubeconfig that `az` wrote: one story, each step on what those before have done.

`az` looks at a long operation at once and then every 30 s. Creating runs at the usual speed, so that `az` sees it run;
what comes after is so fast that its first look sees the end.
"""

import stat
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.acceptance.conftest import LocalAzureProcess, Program

pytestmark = pytest.mark.timeout(600)

GROUP: Final = ("--resource-group", "shop")
BLUE: Final = (*GROUP, "--name", "blue")
POOLS: Final = (*GROUP, "--cluster-name", "blue")
NODE_GROUP: Final = "MC_shop_blue_westeurope"
FAST: Final = 1_000_000
NOT_FOUND: Final = 3
"""The exit code of `az` for what is not there."""


def test_login_with_a_managed_identity(az: Program, azure: LocalAzureProcess) -> None:
    (account,) = az.json("login", "--identity")
    assert account["id"] == azure.facts["subscription_id"]
    shown = az.json("account", "show")
    assert (shown["state"], shown["tenantId"]) == ("Enabled", azure.facts["environment"]["AZURE_TENANT_ID"])


def test_account_list_locations(az: Program) -> None:
    names = {location["name"]: location["displayName"] for location in az.json("account", "list-locations")}
    assert names["westeurope"] == "West Europe"


def test_group_create_show_list_exists(az: Program) -> None:
    made = az.json("group", "create", "--name", "shop", "--location", "westeurope", "--tags", "team=shop")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert az.json("group", "show", "--name", "shop") == made
    assert az.json("group", "list", "--tag", "team=shop") == [made]
    assert az.rows("group", "list") == [["Name", "Location", "Status"], ["shop", "westeurope", "Succeeded"]]
    assert az.json("group", "exists", "--name", "shop") is True
    assert az.json("group", "exists", "--name", "other") is False
    assert az.json("group", "update", "--name", "shop", "--set", "tags.more=b")["tags"] == {"team": "shop", "more": "b"}


def test_a_provider_that_is_not_registered_refuses_a_cluster_until_it_is(az: Program) -> None:
    before = az.json("provider", "show", "--namespace", "Microsoft.ContainerService")
    assert before["registrationState"] == "NotRegistered"
    az.run("provider", "register", "--namespace", "Microsoft.ContainerService", "--wait")
    states = {found["namespace"]: found["registrationState"] for found in az.json("provider", "list")}
    assert states["Microsoft.ContainerService"] == "Registered"
    shown = az.json("provider", "show", "--namespace", "Microsoft.ContainerService")
    assert "managedClusters" in [kind["resourceType"] for kind in shown["resourceTypes"]]


def test_versions_sizes_skus_and_usages(az: Program) -> None:
    versions = az.rows("aks", "get-versions", "--location", "westeurope")
    assert "1.33.5" in [row[0] for row in versions]
    sizes = az.json("vm", "list-sizes", "--location", "westeurope")
    assert "Standard_DS2_v2" in [size["name"] for size in sizes]
    skus = az.json("vm", "list-skus", "--location", "westeurope", "--size", "Standard_D4s", "--zone")
    assert {sku["name"] for sku in skus} == {"Standard_D4s_v3", "Standard_D4s_v5"}
    usages = az.json("vm", "list-usage", "--location", "westeurope")
    assert usages[0]["localName"] == "Total Regional vCPUs"


def test_aks_create_waits_for_its_end(az: Program, azure: LocalAzureProcess, home: Path) -> None:
    made = az.json("aks", "create", *BLUE, "--node-count", "2", "--generate-ssh-keys", "--tags", "a=b")
    assert made["provisioningState"] == "Succeeded"
    assert made["nodeResourceGroup"] == NODE_GROUP
    assert made["tags"] == {"a": "b"}
    assert [pool["count"] for pool in made["agentPoolProfiles"]] == [2]
    (key,) = made["linuxProfile"]["ssh"]["publicKeys"]
    assert key["keyData"].strip() == (home / ".ssh" / "id_rsa.pub").read_text().strip()
    polls = azure.read("/_local/requests?operation=Operations_GetStatus")["requests"]
    assert len(polls) >= 2, "one look while it runs, and one that sees its end"


def test_aks_show_list_wait(az: Program) -> None:
    assert az.json("aks", "show", *BLUE)["currentKubernetesVersion"] == "1.33.5"
    head, row = az.rows("aks", "show", *BLUE)
    table = dict(zip(head, row, strict=True))
    assert (table["Name"], table["KubernetesVersion"], table["ProvisioningState"]) == ("blue", "1.33", "Succeeded")
    assert [cluster["name"] for cluster in az.json("aks", "list")] == ["blue"]
    assert [cluster["name"] for cluster in az.json("aks", "list", *GROUP)] == ["blue"]
    assert az.run("aks", "wait", *BLUE, "--created", "--timeout", "60") == ""
    assert az.run("aks", "show", *GROUP, "--name", "other", code=NOT_FOUND).startswith("ERROR: (ResourceNotFound)")


def test_nodepool_list_show_upgrades(az: Program) -> None:
    (pool,) = az.json("aks", "nodepool", "list", *POOLS)
    assert (pool["name"], pool["mode"], pool["vmSize"]) == ("nodepool1", "System", "Standard_DS2_v2")
    assert az.json("aks", "nodepool", "show", *POOLS, "--name", "nodepool1") == pool
    assert az.rows("aks", "get-upgrades", *BLUE)[1][3] == "1.34.0, 1.34.1"
    assert az.rows("aks", "nodepool", "get-upgrades", *POOLS, "--nodepool-name", "nodepool1")


@pytest.mark.parametrize(("role", "context"), [("clusterUser", "blue"), ("clusterAdmin", "blue-admin")])
def test_get_credentials_and_talk_with_kubectl(
    az: Program, kubectl: Program, home: Path, role: str, context: str
) -> None:
    az.run("aks", "get-credentials", *BLUE, *(["--admin"] if role == "clusterAdmin" else []))
    file = home / "kubeconfig"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = yaml.safe_load(file.read_text())
    assert document["current-context"] == context
    users = {found["name"]: found["context"]["user"] for found in document["contexts"]}
    assert users[context] == f"{role}_shop_blue"
    told = kubectl.json("version")
    assert told["serverVersion"]["gitVersion"] == "v1.33.5"
    assert "control plane" in kubectl.run("cluster-info")
    assert [line.split()[1] for line in kubectl.run("get", "nodes", "--no-headers").splitlines()] == ["Ready"] * 2
    services = [line.split()[1] for line in kubectl.run("get", "svc", "-A", "--no-headers").splitlines()]
    assert services == ["kubernetes", "kube-dns", "metrics-server"]
    assert "namespace/kube-system" in kubectl.run("get", "ns", "--output", "name")


def test_run_a_command_in_the_cluster(az: Program) -> None:
    ran = az.json("aks", "command", "invoke", *BLUE, "--command", "kubectl get nodes -o name")
    assert (ran["provisioningState"], ran["exitCode"]) == ("Succeeded", 0)
    assert [line.partition("/")[0] for line in ran["logs"].split()] == ["node", "node"]
    failed = az.json("aks", "command", "invoke", *BLUE, "--command", "kubectl get service nobody -o json")
    assert (failed["exitCode"], failed["logs"]) == (1, 'Error from server (NotFound): services "nobody" not found\n')


def test_a_service_gets_an_address_that_az_shows(az: Program, kubectl: Program) -> None:
    kubectl.run("create", "service", "loadbalancer", "web", "--tcp=80:8080")
    wait = ("wait", "service/web", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=60s")
    kubectl.run(*wait)
    address = kubectl.run("get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
    listed = az.json("network", "public-ip", "list", "--resource-group", NODE_GROUP)
    (mine,) = [found for found in listed if found.get("ipAddress") == address]
    assert mine["tags"] == {"k8s-azure-cluster-name": "kubernetes", "k8s-azure-service": "default/web"}
    (balancer,) = az.json("network", "lb", "list", "--resource-group", NODE_GROUP)
    assert mine["ipConfiguration"]["id"] in [frontend["id"] for frontend in balancer["frontendIPConfigurations"]]
    assert "Ensured load balancer" in kubectl.run("describe", "service", "web")
    kubectl.run("delete", "service", "web")
    left = az.json("network", "public-ip", "list", "--resource-group", NODE_GROUP)
    assert address not in [found.get("ipAddress") for found in left]


def test_resource_list_and_show(az: Program) -> None:
    (cluster,) = az.json("resource", "list", *GROUP)
    assert cluster["type"] == "Microsoft.ContainerService/managedClusters"
    made = az.json("resource", "list", "--resource-group", NODE_GROUP)
    assert "Microsoft.Network/publicIPAddresses" in [resource["type"] for resource in made]
    kind = ("--resource-type", "Microsoft.ContainerService/managedClusters")
    shown = az.json("resource", "show", *BLUE, *kind)
    assert shown["properties"]["provisioningState"] == "Succeeded"
    (address,) = [found["id"] for found in made if found["type"] == "Microsoft.Network/publicIPAddresses"]
    assert az.json("resource", "show", "--ids", address)["properties"]["ipAddress"].startswith("203.0.113.")


def test_network_of_ones_own(az: Program, azure: LocalAzureProcess) -> None:
    azure.set_speed(FAST)
    vnet = ("--name", "net", *GROUP)
    made = az.json("network", "vnet", "create", *vnet, "--address-prefixes", "10.1.0.0/16")["newVNet"]
    assert made["addressSpace"]["addressPrefixes"] == ["10.1.0.0/16"]
    subnet = ("--name", "nodes", "--vnet-name", "net", *GROUP)
    added = az.json("network", "vnet", "subnet", "create", *subnet, "--address-prefixes", "10.1.0.0/24")
    assert added["provisioningState"] == "Succeeded"
    assert [one["name"] for one in az.json("network", "vnet", "show", *vnet)["subnets"]] == ["nodes"]
    az.json("network", "nsg", "create", "--name", "guard", *GROUP)
    rule = ("--name", "web", "--nsg-name", "guard", *GROUP)
    opened = az.json(
        "network", "nsg", "rule", "create", *rule, "--priority", "100", "--destination-port-ranges", "80", "443"
    )
    assert (opened["access"], opened["destinationPortRanges"]) == ("Allow", ["80", "443"])
    assert [one["name"] for one in az.json("network", "nsg", "rule", "list", "--nsg-name", "guard", *GROUP)] == ["web"]
    az.json("network", "route-table", "create", "--name", "ways", *GROUP)
    route = ("--name", "out", "--route-table-name", "ways", *GROUP)
    hop = (
        "--address-prefix",
        "10.2.0.0/16",
        "--next-hop-type",
        "VirtualAppliance",
        "--next-hop-ip-address",
        "10.1.0.9",
    )
    assert az.json("network", "route-table", "route", "create", *route, *hop)["nextHopIpAddress"] == "10.1.0.9"
    joined = az.json(
        "network", "vnet", "subnet", "update", *subnet, "--network-security-group", "guard", "--route-table", "ways"
    )
    assert joined["networkSecurityGroup"]["id"].endswith("/networkSecurityGroups/guard")
    refused = az.run("network", "nsg", "delete", "--name", "guard", *GROUP, code=1)
    assert "(InUseNetworkSecurityGroupCannotBeDeleted)" in refused
    assert az.rows("network", "vnet", "list", *GROUP)[1][0] == "net"


def test_public_addresses_and_load_balancers(az: Program) -> None:
    front = ("--name", "front", *GROUP)
    made = az.json("network", "public-ip", "create", *front, "--sku", "Standard", "--dns-name", "shop")["publicIp"]
    assert made["ipAddress"].startswith("203.0.113.")
    assert made["dnsSettings"]["fqdn"] == "shop.westeurope.cloudapp.azure.com"
    assert az.json("network", "public-ip", "show", *front)["ipAddress"] == made["ipAddress"]
    assert [one["name"] for one in az.json("network", "public-ip", "list", *GROUP)] == ["front"]
    assert len(az.json("network", "public-ip", "list")) == 2
    prefix = ("--name", "block", *GROUP)
    block = az.json("network", "public-ip", "prefix", "create", *prefix, "--length", "31")
    assert block["ipPrefix"].endswith("/31")
    az.run("network", "public-ip", "prefix", "delete", *prefix)
    place = ("--vnet-name", "net", "--subnet", "nodes", "--public-ip-address", "front")
    (address,) = az.json("network", "nic", "create", "--name", "card", *GROUP, *place)["NewNIC"]["ipConfigurations"]
    assert address["privateIPAddress"] == "10.1.0.4"
    assert [one["name"] for one in az.json("network", "lb", "list")] == ["kubernetes"]
    (cluster,) = az.json("network", "lb", "list", "--resource-group", NODE_GROUP)
    assert cluster["backendAddressPools"][0]["name"] == "aksOutboundBackendPool"
    assert az.json("network", "lb", "list", *GROUP) == []
    assert "(PublicIPAddressCannotBeDeleted)" in az.run("network", "public-ip", "delete", *front, code=1)
    az.run("network", "nic", "delete", "--name", "card", *GROUP)
    az.run("network", "public-ip", "delete", *front)
    assert az.json("network", "public-ip", "list", *GROUP) == []
    usages = {
        one["localName"]: one["currentValue"] for one in az.json("network", "list-usages", "--location", "westeurope")
    }
    assert usages["Public IP Addresses"] == "1"


def test_machines_of_the_cluster(az: Program) -> None:
    (scale_set,) = az.json("vmss", "list", "--resource-group", NODE_GROUP)
    nodes = ("--resource-group", NODE_GROUP, "--name", scale_set["name"])
    machines = az.json("vmss", "list-instances", *nodes)
    assert [machine["instanceId"] for machine in machines] == ["0", "1"]
    view = az.json("vmss", "get-instance-view", *nodes, "--instance-id", "0")
    assert "PowerState/running" in [status["code"] for status in view["statuses"]]
    nics = az.json("vmss", "nic", "list", "--resource-group", NODE_GROUP, "--vmss-name", scale_set["name"])
    assert len(nics) == len(az.json("disk", "list", "--resource-group", NODE_GROUP)) == 2
    assert [one["name"] for one in az.json("identity", "list", "--resource-group", NODE_GROUP)] == ["blue-agentpool"]
    kinds = {resource["type"] for resource in az.json("resource", "list")}
    assert {"Microsoft.Network/virtualNetworks", "Microsoft.Compute/disks"} <= kinds


def test_stop_and_start_the_cluster(az: Program) -> None:
    az.run("aks", "stop", *BLUE)
    assert az.json("aks", "show", *BLUE)["powerState"] == {"code": "Stopped"}
    assert "(OperationNotAllowed)" in az.run("aks", "scale", *BLUE, "--node-count", "3", code=1)
    az.run("aks", "start", *BLUE)
    assert az.json("aks", "show", *BLUE)["powerState"] == {"code": "Running"}


def test_scale_a_pool_and_a_cluster(az: Program, azure: LocalAzureProcess) -> None:
    azure.set_speed(FAST)
    pool = az.json("aks", "nodepool", "scale", *POOLS, "--name", "nodepool1", "--node-count", "3")
    assert (pool["count"], pool["provisioningState"]) == (3, "Succeeded")
    cluster = az.json("aks", "scale", *BLUE, "--node-count", "1")
    assert [found["count"] for found in cluster["agentPoolProfiles"]] == [1]


def test_add_and_delete_a_pool(az: Program) -> None:
    added = az.json("aks", "nodepool", "add", *POOLS, "--name", "work", "--node-count", "1", "--labels", "team=shop")
    assert (added["mode"], added["nodeLabels"]) == ("User", {"team": "shop"})
    az.run("aks", "nodepool", "delete", *POOLS, "--name", "work")
    assert [pool["name"] for pool in az.json("aks", "nodepool", "list", *POOLS)] == ["nodepool1"]


def test_update_and_upgrade_the_cluster(az: Program) -> None:
    assert az.json("aks", "update", *BLUE, "--tags", "a=c")["tags"] == {"a": "c"}
    upgraded = az.json("aks", "upgrade", *BLUE, "--kubernetes-version", "1.34.1", "--yes")
    assert upgraded["currentKubernetesVersion"] == "1.34.1"
    assert [pool["currentOrchestratorVersion"] for pool in upgraded["agentPoolProfiles"]] == ["1.34.1"]


def test_delete_the_cluster_and_the_group(az: Program, azure: LocalAzureProcess) -> None:
    az.run("aks", "delete", *BLUE, "--yes")
    az.run("aks", "show", *BLUE, code=NOT_FOUND)
    az.run("group", "delete", "--name", "shop", "--yes")
    assert az.json("group", "exists", "--name", "shop") is False
    assert az.json("group", "list") == []
    assert [found["id"] for found in azure.read("/_local/state")["resources"]] == []


def test_the_local_azure_lacked_nothing_that_was_asked(azure: LocalAzureProcess) -> None:
    entries = azure.read("/_local/requests?limit=20000")["requests"]
    assert len(entries) > 50
    assert [f"{entry['method']} {entry['path']}" for entry in entries if entry["status"] >= 500] == []
