"""What AKS makes of what a request leaves open, as real clients found it."""

from tests.emulator.conftest import CLUSTER, Arm


async def test_what_az_leaves_open_is_chosen_by_aks(arm: Arm) -> None:
    """`az aks create` sends empty strings for what its user did not say."""
    await arm.make_group()
    pool = {"name": "nodepool1", "mode": "System", "count": 1, "vmSize": "", "orchestratorVersion": ""}
    reply = await arm.make_cluster(kubernetesVersion="", agentPoolProfiles=[pool], addonProfiles={})
    assert reply.status == 201
    properties = reply.body["properties"]
    assert (properties["kubernetesVersion"], properties["currentKubernetesVersion"]) == ("1.33", "1.33.5")
    assert "addonProfiles" not in properties
    (shown,) = properties["agentPoolProfiles"]
    assert (shown["vmSize"], shown["orchestratorVersion"], shown["maxPods"]) == ("Standard_DS2_v2", "1.33", 250)
    assert reply.body["identity"]["type"] == "SystemAssigned"


async def test_a_cluster_with_a_service_principal_and_kubenet_has_nothing_of_the_other_defaults(arm: Arm) -> None:
    await arm.make_group()
    reply = await arm.send(
        "PUT",
        arm.cluster(),
        {
            "location": "westus2",
            "properties": {
                **CLUSTER["properties"],
                "servicePrincipalProfile": {"clientId": "a-client", "secret": "a-secret"},
                "networkProfile": {"networkPlugin": "kubenet"},
                "aadProfile": {"managed": True},
            },
        },
    )
    assert reply.status == 201
    assert "identity" not in reply.body
    properties = reply.body["properties"]
    assert not {"networkPluginMode", "networkDataplane"} & set(properties["networkProfile"])
    assert properties["agentPoolProfiles"][0]["maxPods"] == 110
    assert properties["aadProfile"]["tenantID"] == arm.azure.tenant_id


async def test_aks_names_no_charset_in_its_lists_as_in_all_else(arm: Arm) -> None:
    await arm.make_group()
    await arm.make_cluster()
    paths = [f"{arm.cluster()}/agentPools", arm.cluster(""), "providers/Microsoft.ContainerService/managedClusters"]
    kinds = [(await arm.send("GET", path.rstrip("/"))).headers["content-type"] for path in paths]
    assert kinds == ["application/json"] * 3
    groups = await arm.send("GET", "resourceGroups")
    assert groups.headers["content-type"] == "application/json; charset=utf-8"
