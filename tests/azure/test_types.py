from app.azure.cluster_mapping import cluster_body, cluster_of
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.cluster import ManagedClusterSpec
from app.azure.types.secret import Secret
from app.azure.types.tags import caller_tags, is_managed, is_ours, owner_tags

SPEC = ManagedClusterSpec(
    location="westeurope",
    kubernetes_version=None,
    dns_prefix="c",
    tags={"team": "a"},
    pools=(AgentPoolSpec("system", "System", "Linux", "Standard_D2s_v5", 1),),
    admin_username="azureuser",
    ssh_public_key="ssh-ed25519 AAAA",
    windows_admin_username="azureuser",
    windows_admin_password=Secret("hunter2"),
)


def test_only_what_carries_our_tags_and_this_id_is_ours() -> None:
    tags = owner_tags(project_id="prj_1", cluster_id="cls_1")
    assert is_ours(tags, "cls_1")
    assert is_ours({key.upper(): value for key, value in tags.items()}, "cls_1")
    assert not is_ours(tags, "cls_2")
    assert not is_ours({"slipway-cluster": "cls_1"}, "cls_1")
    assert not is_ours({}, "cls_1")
    assert is_managed(owner_tags(project_id="prj_1"))
    assert caller_tags({**tags, "team": "a"}) == {"team": "a"}


def test_a_secret_shows_itself_to_nobody() -> None:
    assert "hunter2" not in repr(SPEC)
    assert "hunter2" not in f"{SPEC.windows_admin_password} {SPEC.windows_admin_password!r}"
    assert cluster_body(SPEC)["properties"]["windowsProfile"]["adminPassword"] == "hunter2"


def test_what_the_spec_leaves_open_is_left_to_azure() -> None:
    body = cluster_body(SPEC)
    assert "kubernetesVersion" not in body["properties"]
    assert "networkProfile" not in body["properties"]
    assert "orchestratorVersion" not in body["properties"]["agentPoolProfiles"][0]


def test_the_identity_that_counts_is_the_systems_or_the_one_that_the_caller_assigned() -> None:
    body = {
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/blue",
        "name": "blue",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/id": {"principalId": "theirs"}}},
    }
    assert cluster_of(body).identity_principal_id == "theirs"
    assert cluster_of({**body, "identity": {"principalId": "own"}}).identity_principal_id == "own"
    assert cluster_of({**body, "identity": None}).identity_principal_id is None
