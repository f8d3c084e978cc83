"""The ways of jobs that change a cluster's settings, or put it again."""

from app.core.ssh import generate_key_pair
from tests.crashes.lives import Life, Scenario

_WINDOW = {"weekday": "Sunday", "start_time": "02:00", "duration_hours": 4}


async def patched_cluster(life: Life, kinds: frozenset[str]) -> None:
    """Several kinds of change in one request, the version among them; and the cluster is put again."""
    created = await life.create()
    own = f"/v1/clusters/{life.name}"
    if "cluster.update" in kinds:
        now = created["outcome"]["kubernetes_version"]
        offers = (await life.slipway.ask("GET", "/v1/versions?location=westeurope")).json()["items"]
        newest = next(offer["upgrades"][-1] for offer in offers if offer["version"] == now)
        upgrades = {"channel": "patch", "cluster_window": _WINDOW}
        body = {"tags": {"cost": "42"}, "upgrades": upgrades, "kubernetes_version": newest}
        await life.job("PATCH", own, body)
    if "cluster.reconcile" in kinds:
        await life.job("POST", f"{own}:reconcile")
    await life.delete()


async def accepted_patch(life: Life, _kinds: frozenset[str]) -> None:
    """The caller is content with Azure's acceptance of the last of two requests."""
    await life.create()
    own = f"/v1/clusters/{life.name}"
    body = {"tags": {"cost": "42"}, "addons": {"keda": True}, "options": {"wait_for": "accepted"}}
    await life.job("PATCH", own, body)
    await life.delete()


async def secret_patch(life: Life, _kinds: frozenset[str]) -> None:
    """Who gets onto the nodes: another key, and another password, which is erased once Azure has it."""
    pools = [
        {"name": "system", "mode": "System", "size": "Standard_D4s_v5", "count": 1},
        {"name": "win", "os_type": "Windows", "size": "Standard_D4s_v5", "count": 1},
    ]
    await life.create(node_count=None, node_size=None, node_pools=pools)
    body = {"ssh_public_key": generate_key_pair().public, "windows_password": "Str0ng-enough-for-it"}
    job = await life.job("PATCH", f"/v1/clusters/{life.name}", body)
    assert job["state"] == "succeeded", job
    await life.delete()


PATCH_SCENARIOS = (
    Scenario("patched", patched_cluster),
    Scenario("patchwanted", accepted_patch),
    Scenario("repassworded", secret_patch),
)
