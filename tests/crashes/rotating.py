"""The life of a key: rotated and repaired while a pod mounts a share by it."""

import asyncio
from typing import TYPE_CHECKING, Any

from tests.support.inside import Inside

if TYPE_CHECKING:
    from tests.crashes.lives import Life

_SECONDS = 60
_RESTART = {"restart": "one_by_one"}


async def rotation(life: "Life", kinds: frozenset[str]) -> None:
    """A volume that a pod mounts; its account's key is rotated, and its Secret repaired, each with a restart."""
    await life.create()
    await _quietly(life, "POST", f"/v1/clusters/{life.name}/volumes", _volume(life.name))
    await _mount(life)
    share = f"/v1/shares/{life.name}"
    if "storage_account.rotate_key" in kinds:
        await life.job("POST", f"{share}:rotate-key", _RESTART)
    if "storage_account.repair_key" in kinds:
        await life.job("POST", f"{share}:repair-key", _RESTART)
    await _leave_nothing(life)
    await life.delete()


def _volume(name: str) -> dict[str, Any]:
    # The jobs that may die are about the account, which therefore has the life's name.
    share = {"name": name, "quota_gib": 100, "account": {"name": name, "make": True}}
    return {"name": "media", "share": share}


async def _quietly(life: "Life", method: str, path: str, body: Any = None) -> Any:
    """A job that is somebody else's subject: no life of a key ends with it."""
    answer = await life.slipway.ask(method, path, body, key=life.tenant.admin)
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["job"]["id"]
    await life.ends[job_id].wait()
    job = (await life.slipway.ask("GET", f"/v1/jobs/{job_id}", key=life.tenant.admin)).json()
    assert job["state"] == "succeeded", job["problem"]
    return job


async def _mount(life: "Life") -> None:
    inside = await Inside.of(life.slipway, life.name)
    labels = {"app": "web"}
    volumes = [{"name": "media", "persistentVolumeClaim": {"claimName": "media"}}]
    pod = {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}], "volumes": volumes}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    await inside.send(
        "POST", "/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "web"}, "spec": spec}
    )
    async with asyncio.timeout(_SECONDS):
        while True:
            found = (await inside.send("GET", "/api/v1/namespaces/default/pods?labelSelector=app%3Dweb"))["items"]
            if found and all(pod["status"].get("phase") == "Running" for pod in found):
                return
            await asyncio.sleep(0.1)


async def _leave_nothing(life: "Life") -> None:
    inside = await Inside.of(life.slipway, life.name)
    await inside.send("DELETE", "/apis/apps/v1/namespaces/default/deployments/web")
    volumes = f"/v1/clusters/{life.name}/volumes"
    (found,) = (await life.slipway.ask("GET", volumes, key=life.tenant.admin)).json()["items"]
    await _quietly(life, "DELETE", f"{volumes}/{found['id']}")
    share = (await life.slipway.ask("GET", f"/v1/shares/{life.name}", key=life.tenant.admin)).json()
    await _quietly(life, "DELETE", f"/v1/shares/{life.name}")
    await _quietly(life, "DELETE", f"/v1/storage-accounts/{share['account_id']}?deleted_shares=discard")
