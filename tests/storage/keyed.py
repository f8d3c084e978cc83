"""A storage account whose key lies in Secrets of a cluster, and hands that turn the key behind Slipway's back."""

import asyncio
import base64
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.azure.types.call import Call
from app.azure.types.storage import AccountSpec, ShareSpec
from app.azure.types.tags import STORAGE_ACCOUNT, owner_tags
from app.core.ids import Prefix, new_id
from app.emulator.core.file_shares import ACCOUNT as STORAGE_TYPE
from app.kubernetes.types.volume import ACCOUNT_KEY, ACCOUNT_NAME
from app.models import Cluster, Share, StorageAccount, StorageState, Volume, VolumeState
from app.storage.observe.keys import KeyCheck
from app.storage.specs.volume_objects import ACCOUNT_LABEL, MANAGED_BY
from tests.storage.opening import Opening
from tests.support.inside import Inside
from tests.support.whole import Slipway

ACCOUNT = "slipwaytestfiles"
SECRET = f"slipway-{ACCOUNT}"
GROUP = "files"
VOLUMES = "/v1/clusters/blue/volumes"
ROTATE = "/v1/shares/media:rotate-key"
REPAIR = "/v1/shares/media:repair-key"


@dataclass
class Keyed:
    """What a test drives."""

    slipway: Slipway
    cluster: Inside | None
    account_id: str
    share_id: str
    opening: Opening

    @classmethod
    async def of_rows(cls, slipway: Slipway) -> "Keyed":
        """Only what the API sees."""
        stage = cls(slipway, None, new_id(Prefix.STORAGE_ACCOUNT), new_id(Prefix.SHARE), Opening(slipway.azure))
        await stage._write_rows()
        return stage

    @classmethod
    async def open(cls, slipway: Slipway, *namespaces: str, volumes: int = 1) -> "Keyed":
        """With a cluster, an account, a share, and so many volumes in each namespace."""
        slipway.azure.register("Microsoft.Storage")
        job = await slipway.create()
        assert job["state"] == "succeeded", job
        account_id, share_id = new_id(Prefix.STORAGE_ACCOUNT), new_id(Prefix.SHARE)
        stage = cls(slipway, await Inside.of(slipway), account_id, share_id, Opening(slipway.azure))
        await stage._make_account()
        await stage._write_rows()
        for namespace in namespaces:
            await stage.add_namespace(namespace)
            await stage.add_volumes(namespace, volumes)

        async def watch() -> None:
            slipway.azure.azure.host.observe(stage.opening)

        slipway.azure.call(watch())
        return stage

    @property
    def inside(self) -> Inside:
        """The cluster."""
        assert self.cluster is not None
        return self.cluster

    async def rotate(self, **body: Any) -> dict[str, Any]:
        """Ask for a rotation; return its job at its end, good or bad."""
        return await self.slipway.ended(await self.slipway.accepted("POST", ROTATE, body))

    async def keys(self) -> dict[str, str]:
        """The account's keys by name, as Azure has them."""
        accounts = self.slipway.parts.gateways.azure.subscription(self.slipway.azure.subscription_id).storage.accounts
        return {key.name: key.value.reveal() for key in await accounts.keys(GROUP, ACCOUNT, call=self._call())}

    async def turn_in_portal(self, name: str) -> None:
        """Make a key anew, as somebody does who has never heard of Slipway."""
        accounts = self.slipway.parts.gateways.azure.subscription(self.slipway.azure.subscription_id).storage.accounts
        await accounts.regenerate_key(GROUP, ACCOUNT, name, call=self._call())

    async def secret(self, namespace: str) -> str | None:
        """The key that a namespace's Secret holds."""
        found = await self.inside.send("GET", f"/api/v1/namespaces/{namespace}/secrets")
        for item in found["items"]:
            if item["metadata"]["name"] == SECRET:
                return base64.b64decode(item["data"][ACCOUNT_KEY]).decode()
        return None

    async def change_account(self, **changes: Any) -> None:
        """What somebody does to the account in the portal: `tags`, or properties."""

        async def change() -> None:
            (account,) = self.slipway.azure.azure.cloud.store.of_type(STORAGE_TYPE)
            account.body.update({name: value for name, value in changes.items() if name == "tags"})
            account.body["properties"].update({name: value for name, value in changes.items() if name != "tags"})
            self.slipway.azure.azure.cloud.store.touch(account)

        self.slipway.azure.call(change())

    async def remove_account(self) -> None:
        """What somebody does to the account in the portal."""

        async def remove() -> None:
            (account,) = self.slipway.azure.azure.cloud.store.of_type(STORAGE_TYPE)
            self.slipway.azure.azure.cloud.store.remove(account.id)

        self.slipway.azure.call(remove())

    async def change_row(self, **values: Any) -> None:
        """Another state of the account's row."""
        async with self.slipway.parts.database.write() as session:
            change = update(StorageAccount).where(StorageAccount.id == self.account_id)
            await session.execute(change.values(**values))

    async def check_keys(self) -> None:
        """What a worker does every ten minutes."""
        parts = self.slipway.parts
        await KeyCheck(parts.database, parts.gateways, parts.clock, parts.jobs.queue).check()

    async def row(self) -> StorageAccount:
        """The account's row."""
        async with self.slipway.parts.database.read() as session:
            return await session.get_one(StorageAccount, self.account_id)

    async def read(self) -> dict[str, Any]:
        """What the API says of the keys."""
        answer = await self.slipway.ask("GET", "/v1/shares/media/keys")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def add_namespace(self, name: str, *, labels: dict[str, str] | None = None) -> None:
        """A namespace with the Secret in it, as a volume's job leaves it."""
        if name != "default":
            await self.inside.add_namespace(name)
        key = (await self.keys())["key1"]
        data = {ACCOUNT_NAME: ACCOUNT, ACCOUNT_KEY: key}
        ours = {MANAGED_BY[0]: MANAGED_BY[1], ACCOUNT_LABEL: ACCOUNT} if labels is None else labels
        body = {"metadata": {"name": SECRET, "labels": ours}, "stringData": data}
        await self.inside.send("POST", f"/api/v1/namespaces/{name}/secrets", body)

    async def add_volumes(self, namespace: str, count: int) -> None:
        """Rows of volumes that are bound in a namespace."""
        now = self.slipway.parts.clock.now()
        async with self.slipway.parts.database.write() as session:
            cluster = (await session.scalars(select(Cluster).where(Cluster.name == "blue"))).one()
            for number in range(count):
                session.add(
                    Volume(
                        id=new_id(Prefix.VOLUME),
                        project_id=cluster.project_id,
                        cluster_id=cluster.id,
                        share_id=self.share_id,
                        namespace=namespace,
                        name=f"media-{number}",
                        persistent_volume=f"slipway-{namespace}-{number}",
                        secret=SECRET,
                        state=VolumeState.BOUND,
                        wanted={},
                        created_by="key_1",
                        created_at=now,
                        updated_at=now,
                    )
                )

    async def bind(self, namespace: str, *names: str) -> None:
        """Volumes as callers make them, in a namespace that is there."""
        ids = [
            await self.slipway.accepted(
                "POST", VOLUMES, {"name": name, "namespace": namespace, "share": {"id": self.share_id}}
            )
            for name in names
        ]
        for job_id in ids:
            job = await self.slipway.ended(job_id)
            assert job["state"] == "succeeded", job["problem"]

    async def run(
        self,
        namespace: str,
        app: str,
        *claims: str,
        kind: str = "Deployment",
        replicas: int = 1,
        spare: int | None = None,
    ) -> None:
        """A workload whose pods mount claims; `spare`: a budget that lets so many of them be away."""
        volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
        labels = {"app": app}
        pod = {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}], "volumes": volumes}
        template = {"metadata": {"labels": labels}, "spec": pod}
        spec: dict[str, Any] = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        if kind == "StatefulSet":
            spec["serviceName"] = app
        path = f"/apis/apps/v1/namespaces/{namespace}/{kind.lower()}s"
        await self.inside.send("POST", path, {"metadata": {"name": app}, "spec": spec})
        if spare is not None:
            budget = {"maxUnavailable": spare, "selector": {"matchLabels": labels}}
            path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
            await self.inside.send("POST", path, {"metadata": {"name": app}, "spec": budget})
        await self.ready(namespace, app, replicas)

    async def ready(self, namespace: str, app: str, count: int) -> set[str]:
        """Wait until so many pods of an app are ready, and no other is there; their uids."""
        async with asyncio.timeout(20):
            while True:
                found = await self.pods(namespace, app)
                if len(found) == count and all(map(_is_ready, found)):
                    return {pod["metadata"]["uid"] for pod in found}
                await asyncio.sleep(0.02)

    async def pods(self, namespace: str, app: str) -> list[dict[str, Any]]:
        """The pods of an app."""
        found = await self.inside.send("GET", f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}")
        items: list[dict[str, Any]] = found["items"]
        return items

    def _call(self) -> Call:
        return Call(deadline=self.slipway.parts.clock.now() + timedelta(seconds=30))

    async def _make_account(self) -> None:
        azure = self.slipway.parts.gateways.azure.subscription(self.slipway.azure.subscription_id)
        tags = {**owner_tags(project_id=self.slipway.tenant.id), STORAGE_ACCOUNT: self.account_id}
        await azure.resource_groups.put(GROUP, "westeurope", tags, call=self._call())
        spec = AccountSpec(location="westeurope", tags=tags)
        await azure.storage.accounts.create(GROUP, ACCOUNT, spec, call=self._call())
        async with asyncio.timeout(10):
            while True:
                found = await azure.storage.accounts.get(GROUP, ACCOUNT, call=self._call())
                if found is not None and found.succeeded:
                    break
                await asyncio.sleep(0.02)
        await azure.storage.shares.create(GROUP, ACCOUNT, "media", ShareSpec(quota_gib=100), call=self._call())

    async def _write_rows(self) -> None:
        now = self.slipway.parts.clock.now()
        common: dict[str, Any] = {
            "project_id": self.slipway.tenant.id,
            "managed": True,
            "state": StorageState.READY,
            "wanted": {},
            "created_by": "key_1",
            "created_at": now,
            "updated_at": now,
        }
        async with self.slipway.parts.database.write() as session:
            account = StorageAccount(
                id=self.account_id,
                name=ACCOUNT,
                subscription_id=self.slipway.azure.subscription_id,
                resource_group=GROUP,
                location="westeurope",
                active_key="key1",
                **common,
            )
            session.add(account)
            await session.flush()
            share = Share(
                id=self.share_id,
                account_id=self.account_id,
                name="media",
                azure_name="media",
                protocol="SMB",
                quota_gib=100,
                **common,
            )
            session.add(share)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    well = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return well and "deletionTimestamp" not in pod["metadata"]
