"""The fault `forbid` says what Azure says to who may not: the action, the scope, and the caller's id."""

import pytest

from app.emulator.core.authorization import authorization_failed
from app.emulator.core.exchange import Call
from tests.emulator.conftest import Arm
from tests.support.local_azure import LocalAzureForTests

GROUP = "/subscriptions/s/resourceGroups/g"
ADDRESSES = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/c"


@pytest.mark.parametrize(
    ("method", "path", "action", "scope"),
    [
        ("GET", f"{ADDRESSES}/a", "Microsoft.Network/publicIPAddresses/read", f"{ADDRESSES}/a"),
        ("PUT", f"{ADDRESSES}/a", "Microsoft.Network/publicIPAddresses/write", f"{ADDRESSES}/a"),
        ("DELETE", f"{ADDRESSES}/a", "Microsoft.Network/publicIPAddresses/delete", f"{ADDRESSES}/a"),
        ("GET", ADDRESSES, "Microsoft.Network/publicIPAddresses/read", f"{GROUP}/providers/Microsoft.Network"),
        (
            "POST",
            f"{CLUSTER}/listClusterUserCredential",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            CLUSTER,
        ),
        ("PUT", GROUP, "Microsoft.Resources/subscriptions/resourceGroups/write", GROUP),
    ],
)
def test_a_refusal_names_action_and_scope(method: str, path: str, action: str, scope: str) -> None:
    call = Call(method, path, {}, {}, b"", "", None, "", principal="1234")  # type: ignore[arg-type]  # no time
    message = authorization_failed(call).message
    assert f"'1234' does not have authorization to perform action '{action}' over scope '{scope}'" in message


async def test_a_client_gets_it_with_its_own_id(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("forbid", operation="ResourceGroups_CreateOrUpdate", caller="client")
    refused = await arm.make_group()
    assert (refused.status, refused.body["error"]["code"]) == (403, "AuthorizationFailed")
    assert "resourceGroups/write" in refused.body["error"]["message"]
    assert "client ''" not in refused.body["error"]["message"]
    assert (await arm.make_group()).status == 201


async def test_a_fault_for_a_cluster_leaves_clients_alone(arm: Arm, stopped_azure: LocalAzureForTests) -> None:
    stopped_azure.add_fault("forbid", operation="ResourceGroups_CreateOrUpdate", caller="cluster")
    assert (await arm.make_group()).status == 201
