"""A pod starts when its share can be mounted, and says why not, as the driver does (troubles 63, 67, 68)."""

import pytest

from tests.emulator.volumes.conftest import PREMIUM, RETRIES, SECRETS, START, Files

SUBNET = "aks-subnet"


async def _node_subnet(files: Files) -> str:
    networks = [found.as_dict() async for found in files.scene.network.virtual_networks.list("MC_g1_c1_westus2")]
    return str(networks[0]["properties"]["subnets"][0]["id"])


async def _allow_storage(files: Files, subnet: str) -> None:
    found = await files.azure("GET", subnet, version="2025-03-01")
    found["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
    await files.azure("PUT", subnet, found, version="2025-03-01")
    await files.scene.advance(10)


async def test_a_pod_runs_once_the_key_of_its_secret_opens_the_account(files: Files) -> None:
    """Trouble 63: a stale key is permission denied, and a right one mends it without a new pod."""
    await files.make_account()
    await files.make_share()
    await files.secret("AAAA")
    await files.bind()
    assert await files.run() == "Pending"
    said = await files.failure()
    assert said.startswith('MountVolume.MountDevice failed for volume "data" : rpc error: code = Internal desc = ')
    assert "mount error(13): Permission denied" in said
    assert "//files1.file.core.windows.net/shop" in said
    await files.secret(await files.key("key2"))
    assert await files.phase_after(RETRIES) == "Running"


async def test_no_event_tells_a_key(files: Files) -> None:
    await files.make_account()
    await files.make_share()
    stale = await files.key()
    await files.regenerate()
    await files.secret(stale)
    await files.bind()
    await files.run(wait=RETRIES)
    said = str(await files.get("/api/v1/namespaces/default/events"))
    assert stale not in said
    assert "<masked>" in said


async def test_a_key_that_goes_stale_keeps_what_is_mounted_and_mounts_nothing_new(files: Files) -> None:
    """Trouble 63: a live mount stays until its node mounts the volume anew."""
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key())
    await files.bind()
    assert await files.run() == "Running"
    await files.regenerate()
    assert await files.phase_after(600) == "Running"
    # The node has the volume: a further pod there gets the same mount.
    assert await files.run("beside") == "Running"
    for name in ("web", "beside"):
        await files.scene.kube.ask("DELETE", f"/api/v1/namespaces/default/pods/{name}")
    await files.scene.advance(START)
    assert await files.run("anew") == "Pending"
    assert "mount error(13)" in await files.failure("anew")


async def test_a_missing_secret_is_named(files: Files) -> None:
    await files.make_account()
    await files.make_share()
    await files.bind()
    assert await files.run() == "Pending"
    assert await files.failure() == (
        'MountVolume.MountDevice failed for volume "data" : fetching NodeStageSecretRef default/files failed: '
        "kubernetes.io/csi: failed to find the secret files in the namespace default with error: "
        'secrets "files" not found'
    )


async def test_a_secret_without_the_drivers_fields_is_said(files: Files) -> None:
    await files.make_account()
    await files.create(SECRETS, {"metadata": {"name": "files"}, "stringData": {"key": "x"}})
    await files.bind()
    await files.run()
    said = "could not find accountname or azurestorageaccountname field in secrets"
    assert said in await files.failure()


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("share", "mount error(2): No such file or directory"),
        ("account", "mount error: could not resolve address for files1.file.core.windows.net: Unknown error"),
    ],
)
async def test_a_share_or_account_that_is_gone_is_said(files: Files, gone: str, said: str) -> None:
    """Trouble 67: deleted outside."""
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key())
    await files.bind()
    path = files.account() + ("/fileServices/default/shares/shop" if gone == "share" else "")
    await files.azure("DELETE", path)
    await files.run()
    assert said in await files.failure()


async def test_an_account_that_allows_no_keys_is_opened_by_none(files: Files) -> None:
    """Trouble 67: shared keys disabled."""
    await files.make_account(allowSharedKeyAccess=False)
    await files.make_share()
    await files.secret(await files.key())
    await files.bind()
    assert await files.run() == "Pending"
    assert "mount error(13)" in await files.failure()
    await files.azure("PATCH", files.account(), {"properties": {"allowSharedKeyAccess": True}})
    assert await files.phase_after(RETRIES) == "Running"


async def test_an_account_that_shuts_out_the_nodes_denies_them_until_their_subnet_is_named(files: Files) -> None:
    """Trouble 67: the account's firewall."""
    await files.make_account(networkAcls={"defaultAction": "Deny"})
    await files.make_share()
    await files.secret(await files.key())
    await files.bind()
    assert await files.run() == "Pending"
    assert "mount error(13)" in await files.failure()
    subnet = await _node_subnet(files)
    await _allow_storage(files, subnet)
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}
    await files.azure("PATCH", files.account(), {"properties": {"networkAcls": rules}})
    assert await files.phase_after(RETRIES) == "Running"


async def test_a_security_rule_that_blocks_the_port_lets_the_mount_time_out(files: Files) -> None:
    """Trouble 67: port 445."""
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key())
    await files.bind()
    groups = [found.as_dict() async for found in files.scene.network.network_security_groups.list("MC_g1_c1_westus2")]
    rule = {
        "properties": {
            "protocol": "Tcp",
            "access": "Deny",
            "priority": 200,
            "direction": "Outbound",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "400-500",
        }
    }
    path = groups[0]["id"] + "/securityRules/no-smb"
    await files.azure("PUT", path, rule, version="2025-03-01")
    await files.scene.advance(10)
    await files.run()
    assert "mount error(115): Operation now in progress" in await files.failure()


async def test_nfs_is_mounted_without_a_key_where_the_subnet_is_named_and_https_is_not_asked_for(files: Files) -> None:
    """Troubles 67 and 68."""
    await files.make_account(body=PREMIUM)
    await files.make_share(enabledProtocols="NFS", shareQuota=100)
    csi = {"nodeStageSecretRef": None, "volumeAttributes": {"shareName": "shop", "protocol": "nfs"}}
    await files.bind(csi=csi)
    assert await files.run() == "Pending"
    denied = "mount.nfs: access denied by server while mounting files1.file.core.windows.net:/files1/shop"
    assert denied in await files.failure()
    subnet = await _node_subnet(files)
    await _allow_storage(files, subnet)
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}
    await files.azure("PATCH", files.account(), {"properties": {"networkAcls": rules}})
    assert await files.phase_after(RETRIES) == "Pending"
    await files.azure("PATCH", files.account(), {"properties": {"supportsHttpsTrafficOnly": False}})
    assert await files.phase_after(RETRIES) == "Running"


async def test_an_nfs_share_is_no_smb_share(files: Files) -> None:
    await files.make_account(body=PREMIUM)
    await files.make_share(enabledProtocols="NFS", shareQuota=100)
    await files.secret(await files.key())
    await files.bind()
    await files.run()
    assert "mount error(2)" in await files.failure()


async def test_options_of_nfs_are_no_options_of_smb(files: Files) -> None:
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key())
    await files.bind(mountOptions=["nfsvers=4.1"])
    await files.run()
    assert "mount error(22): Invalid argument" in await files.failure()


async def test_a_driver_that_finds_the_secret_by_itself_keeps_its_key_for_three_minutes(files: Files) -> None:
    """Trouble 63: a node's driver goes on with the key that it has read, also when the Secret has another."""
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key(), name="azure-storage-account-files1-secret")
    await files.bind(csi={"nodeStageSecretRef": None})
    assert await files.run() == "Running"
    await files.scene.kube.ask("DELETE", "/api/v1/namespaces/default/pods/web")
    await files.regenerate()
    await files.secret(await files.key(), name="azure-storage-account-files1-secret")
    assert await files.run("next") == "Pending"
    assert "mount error(13)" in await files.failure("next")
    assert await files.phase_after(180 + RETRIES, "next") == "Running"


async def test_the_nodes_identity_may_not_read_keys(files: Files) -> None:
    await files.make_account()
    await files.make_share()
    await files.bind(csi={"nodeStageSecretRef": None})
    await files.run()
    said = await files.failure()
    assert "GetAccountInfo(g1#files1#shop#data) failed with error: POST https://management.azure.com" in said
    assert "ERROR CODE: AuthorizationFailed" in said


async def test_a_share_may_be_mounted_by_a_pod_alone(files: Files) -> None:
    await files.make_account()
    await files.make_share()
    await files.secret(await files.key())
    attributes = {"secretName": "files", "shareName": "shop"}
    inline = [{"name": "data", "csi": {"driver": "file.csi.azure.com", "volumeAttributes": attributes}}]
    assert await files.run(volumes=inline) == "Running"
    older = [{"name": "data", "azureFile": {"secretName": "files", "shareName": "none"}}]
    assert await files.run("older", volumes=older) == "Pending"
    assert 'MountVolume.SetUp failed for volume "data"' in await files.failure("older")
