"""A Slipway with a cluster, an account and shares in Azure: volumes are bound there, and pods mount them or not."""

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.azure.types.call import Call
from app.azure.types.storage import AccountSpec, NetworkRules, ShareSpec
from app.kubernetes.types.volume import ACCOUNT_KEY
from app.models import Share
from tests.storage.volume_rows import VOLUMES, add_share
from tests.support.inside import Inside
from tests.support.whole import Slipway

GROUP = "files"
_NETWORKS = "Microsoft.Network/virtualNetworks"
_ACCOUNTS = "Microsoft.Storage/storageAccounts"


@dataclass
class Stage:
    """What a test drives."""

    slipway: Slipway
    inside: Inside
    shares: dict[str, Share] = field(default_factory=dict)

    @classmethod
    async def open(cls, slipway: Slipway, **account: Any) -> "Stage":
        """With a cluster that is ready and a share `media`."""
        slipway.azure.register("Microsoft.Storage")
        job = await slipway.create()
        assert job["state"] == "succeeded", job
        stage = cls(slipway, await Inside.of(slipway))
        await stage.share("media", **account)
        return stage

    def call(self) -> Call:
        return Call(deadline=self.slipway.parts.clock.now() + timedelta(seconds=60))

    @property
    def azure(self) -> Any:
        """Azure, as Slipway itself sees it."""
        return self.slipway.parts.gateways.azure.subscription(self.slipway.azure.subscription_id)

    async def share(
        self, name: str, *, protocol: str = "SMB", quota_gib: int = 100, location: str = "westeurope", **fields: Any
    ) -> Share:
        """An account with one share, and their rows."""
        await self.azure.resource_groups.put(GROUP, "westeurope", {}, call=self.call())
        premium = protocol == "NFS"
        spec = AccountSpec(
            location=location,
            tags={},
            kind="FileStorage" if premium else "StorageV2",
            sku="Premium_LRS" if premium else "Standard_LRS",
            https_only=fields.pop("https_only", not premium),
            networks=fields.pop("networks", NetworkRules()),
        )
        account = f"acc{name}"
        await self.azure.storage.accounts.create(GROUP, account, spec, call=self.call())
        for _ in range(200):
            found = await self.azure.storage.accounts.get(GROUP, account, call=self.call())
            if found is not None and found.succeeded:
                break
            await asyncio.sleep(0.05)
        made = ShareSpec(quota_gib=quota_gib, protocol=protocol)
        await self.azure.storage.shares.create(GROUP, account, name, made, call=self.call())
        row = await add_share(
            self.slipway, name, account=account, protocol=protocol, quota_gib=quota_gib, resource_group=GROUP
        )
        self.shares[name] = row
        return row

    async def subnet(self) -> str:
        """The id of the nodes' subnet, which has the service endpoint of storage from now on."""
        cloud = self.slipway.azure.azure.cloud

        async def open_it() -> str:
            network = next(each for each in cloud.store.of_type(_NETWORKS) if "/resourcegroups/mc_" in each.id.lower())
            found = network.body["properties"]["subnets"][0]
            found["properties"]["serviceEndpoints"] = [{"service": "Microsoft.Storage"}]
            return str(found["id"])

        return self.slipway.azure.call(open_it())

    async def change(self, account: str = "accmedia", **properties: Any) -> None:
        """Change an account outside of Slipway, as somebody does in the portal."""
        cloud = self.slipway.azure.azure.cloud

        async def write() -> None:
            found = next(each for each in cloud.store.of_type(_ACCOUNTS) if each.name == account)
            found.body["properties"] |= properties

        self.slipway.azure.call(write())

    async def try_(self, **body: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ask for a volume; return its job at its end, good or bad, and itself as it is then."""
        asked = {"name": "data", "share": {"id": "media"}, **body}
        answer = await self.slipway.ask("POST", VOLUMES, asked)
        assert answer.status_code == 202, answer.text
        job = await self.slipway.ended(answer.json()["job"]["id"])
        return job, await self.read(answer.json()["resource"]["id"])

    async def bind(self, **body: Any) -> dict[str, Any]:
        """Make a volume, which goes well."""
        job, volume = await self.try_(**body)
        assert job["state"] == "succeeded", job
        return volume

    async def remove(self, volume: dict[str, Any]) -> dict[str, Any]:
        """Delete it; return the job at its end."""
        return await self.slipway.ended(await self.slipway.accepted("DELETE", f"{VOLUMES}/{volume['id']}"))

    async def read(self, volume_id: str) -> dict[str, Any]:
        """A volume as the API shows it."""
        answer = await self.slipway.ask("GET", f"{VOLUMES}/{volume_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def diagnose(self, volume: dict[str, Any]) -> dict[str, Any]:
        """What the mount doctor says."""
        answer = await self.slipway.ask("POST", f"{VOLUMES}/{volume['id']}:diagnose")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def run_pod(self, name: str = "web", claim: str = "data", namespace: str = "default") -> None:
        """`kubectl run` of a pod that mounts a claim."""
        spec = {
            "containers": [
                {
                    "name": "main",
                    "image": "registry.k8s.io/pause:3.10",
                    "volumeMounts": [{"name": claim, "mountPath": "/data"}],
                }
            ],
            "volumes": [{"name": claim, "persistentVolumeClaim": {"claimName": claim}}],
        }
        await self.inside.send(
            "POST", f"/api/v1/namespaces/{namespace}/pods", {"metadata": {"name": name}, "spec": spec}
        )

    async def pod_runs(self, name: str = "web", namespace: str = "default") -> bool:
        """Whether a pod comes to run."""
        for _ in range(200):
            pod = await self.inside.send("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")
            if pod["status"].get("phase") == "Running":
                return True
            await asyncio.sleep(0.05)
        return False

    async def pod_fails(self, name: str = "web", namespace: str = "default") -> str:
        """What is said of a pod that cannot mount."""
        for _ in range(200):
            events = await self.inside.send("GET", f"/api/v1/namespaces/{namespace}/events")
            for event in events["items"]:
                if event["reason"] == "FailedMount" and event["involvedObject"]["name"] == name:
                    return str(event["message"])
            await asyncio.sleep(0.05)
        raise AssertionError("nothing was said")

    async def names(self, kind: str) -> list[str]:
        """Names of a kind's objects (`persistentvolumes`, `persistentvolumeclaims`, `secrets`) that Slipway made."""
        found = await self.inside.send("GET", f"/api/v1/{kind}")
        ours = [each["metadata"] for each in found["items"]]
        return sorted(
            each["name"] for each in ours if (each.get("labels") or {}).get("app.kubernetes.io/managed-by") == "slipway"
        )

    async def secret_key(self, name: str = "slipway-accmedia", namespace: str = "default") -> str:
        """The key in a Secret."""
        found = await self.inside.send("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
        return base64.b64decode(found["data"][ACCOUNT_KEY]).decode()

    async def key(self, name: str = "key1", account: str = "accmedia") -> str:
        """A key of an account's."""
        keys = await self.azure.storage.accounts.keys(GROUP, account, call=self.call())
        return str(next(each.value.reveal() for each in keys if each.name == name))


def check(diagnosis: dict[str, Any], name: str) -> dict[str, Any]:
    """One look of the mount doctor."""
    found: dict[str, Any] = next(each for each in diagnosis["findings"] if each["check"] == name)
    return found
