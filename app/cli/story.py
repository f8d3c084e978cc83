"""The demo's story: a first cluster, from the request to kubectl."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.cli.client import Client, RequestError
from app.cli.kubectl import KubectlError, find_kubectl, read_without_kubectl
from app.cli.screen import Json, Screen

_POLL_SECONDS = 0.25
_NOT_FOUND = 404
_SEEN_SECONDS = 30.0
_BUILT = frozenset(
    {
        "virtual_network",
        "subnet",
        "network_security_group",
        "route_table",
        "load_balancer",
        "public_ip",
        "scale_set",
        "machine",
        "identity",
    }
)
_COMMANDS = (("version",), ("cluster-info",), ("get", "nodes"))


class StoryError(Exception):
    """The story broke off; `problem` has the members of problem+json."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem.get("detail"))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Told:
    """What the story leaves behind."""

    cluster: str
    kubeconfig: Path
    cluster_seconds: float


class Story:
    """Asks a running Slipway, as any tool would: over HTTP, with an API key."""

    def __init__(self, screen: Screen, ready: Json, directory: Path) -> None:
        self._screen = screen
        self._directory = directory
        self._slipway = Client(ready["url"], api_key=ready["api_key"])

    async def tell(self) -> Told:
        """Tell it. Raises StoryError."""
        try:
            job = await self._create(await self._free_name())
            job = await self._follow(job)
            cluster = await self._slipway.get(f"/v1/clusters/{job['target_id']}")
            await self._show(cluster)
            kubeconfig = await self._take_kubeconfig(cluster)
            await self._talk(cluster, kubeconfig)
            await self._expose(cluster)
        except RequestError as error:
            raise StoryError(error.problem) from error
        except KubectlError as error:
            raise StoryError(
                {"code": "kubectl_failed", "title": "kubectl could not talk to the cluster", "detail": str(error)}
            ) from error
        return Told(cluster["name"], kubeconfig, _seconds(job))

    async def _free_name(self) -> str:
        """`first`, or where that is taken (the state was kept) the next one."""
        name, number = "first", 1
        while await self._exists(name):
            number += 1
            name = f"first-{number}"
        return name

    async def _exists(self, name: str) -> bool:
        try:
            await self._slipway.get(f"/v1/clusters/{name}")
        except RequestError as error:
            if error.problem.get("status") == _NOT_FOUND:
                return False
            raise
        return True

    async def _create(self, name: str) -> Json:
        body: dict[str, Any] = {
            "name": name,
            "location": "westeurope",
            "resource_group": "demo",
            "node_count": 1,
            "node_size": "Standard_D4s_v5",
            "generate_ssh_key": True,
        }
        key = str(uuid4())
        self._screen.chapter("Ask for a cluster, in one HTTP request")
        self._screen.text(f"POST /v1/clusters   Idempotency-Key: {key}", "bold")
        self._screen.text(json.dumps(body, indent=2))
        answer = await self._slipway.post("/v1/clusters", body, idempotency_key=key)
        job: Json = answer["job"]
        self._screen.text("202 Accepted: the request is now a job in the database.", "bold green")
        self._screen.facts(
            [
                ("Job", f"/v1/jobs/{job['id']}"),
                ("Cluster", f"/v1/clusters/{answer['resource']['id']}"),
                ("SSH key", "made for this cluster; its private half is in this answer only"),
            ]
        )
        return job

    async def _follow(self, job: Json) -> Json:
        self._screen.chapter("Follow the job, step by step")
        path = f"/v1/jobs/{job['id']}"
        with self._screen.steps() as view:
            while True:
                # The job first: what is read after a job's end has all of its steps.
                job = await self._slipway.get(path)
                steps = await self._slipway.get(f"{path}/steps")
                view.show(job, steps["items"])
                if job["finished_at"] is not None:
                    break
                await asyncio.sleep(_POLL_SECONDS)
        if job["state"] != "succeeded":
            raise StoryError(job["problem"] or {"code": job["state"], "title": job["summary"]})
        self._screen.text(job["summary"], "bold green")
        return job

    async def _show(self, cluster: Json) -> None:
        self._screen.chapter("Look at the cluster")
        pools = ", ".join(f"{pool['name']}: {pool['count']} x {pool['size']}" for pool in cluster["node_pools"])
        self._screen.facts(
            [
                ("Id", cluster["id"]),
                ("State", f"{cluster['state']}, in {cluster['location']}"),
                ("Kubernetes", cluster["kubernetes_version"]),
                ("Node pools", pools),
                ("API server", cluster["fqdn"]),
                ("Outbound address", ", ".join(cluster["outbound_ips"])),
                ("Node resource group", cluster["node_resource_group"]),
            ]
        )
        await self._show_infrastructure(cluster)

    async def _show_infrastructure(self, cluster: Json) -> None:
        """What Azure built for the cluster, in lines, and as a picture."""
        path = f"/v1/clusters/{cluster['name']}/infrastructure"
        graph = await self._seen(path)
        self._screen.text("Azure built there:", "dim")
        for node in graph["nodes"]:
            if node["kind"] in _BUILT:
                self._screen.text(f"  {node['kind'].replace('_', ' '):<24} {node['name']}")
        for finding in [*graph["missing"], *graph["strange"]]:
            self._screen.text(f"  {finding['title']}. {finding['remedy']}", "yellow")
        picture = f"{path}?format=svg"
        file = self._directory / f"{cluster['name']}.svg"
        file.write_bytes(await self._slipway.get_raw(picture))
        self._screen.text(f"As a picture: GET {picture}")
        self._screen.text(f"Written to {file}.")

    async def _seen(self, path: str) -> Json:
        """The graph once the worker has seen the machines: it looks at a cluster right after its job."""
        deadline = time.monotonic() + _SEEN_SECONDS
        while True:
            graph = await self._slipway.get(path)
            if any(node["kind"] == "machine" for node in graph["nodes"]) or time.monotonic() > deadline:
                return graph
            await asyncio.sleep(_POLL_SECONDS)

    async def _take_kubeconfig(self, cluster: Json) -> Path:
        self._screen.chapter("Take a kubeconfig")
        document = await self._slipway.post_for_yaml(f"/v1/clusters/{cluster['id']}/credentials")
        file = self._directory / f"{cluster['name']}.kubeconfig"
        _write_private(file, document)
        self._screen.text(f"POST /v1/clusters/{cluster['name']}/credentials   Accept: application/yaml", "bold")
        self._screen.text(f"Written to {file}, readable by you alone.")
        return file

    async def _talk(self, cluster: Json, kubeconfig: Path) -> None:
        kubectl = find_kubectl(kubeconfig)
        if kubectl is None:
            self._screen.chapter("Talk to the cluster, with Slipway's own Kubernetes client")
            self._screen.text("No kubectl is installed, and `make tools` took none.", "dim")
            for line in await read_without_kubectl(kubeconfig, fqdn=cluster["fqdn"]):
                self._screen.text(line)
            return
        self._screen.chapter("Talk to the cluster, with kubectl")
        for arguments in _COMMANDS:
            self._screen.command(kubectl.shown(*arguments))
            self._screen.text(await kubectl.run(*arguments))

    async def _expose(self, cluster: Json) -> None:
        """Give a Service an address, and show whose each address of the load balancer is."""
        path = f"/v1/clusters/{cluster['name']}"
        body = {"name": "web", "namespace": "default", "selector": {"app": "web"}, "ports": [{"port": 80}]}
        self._screen.chapter("Expose a Service at a public address")
        self._screen.text(f"POST {path}/exposures", "bold")
        self._screen.text(json.dumps(body))
        answer = await self._slipway.post(f"{path}/exposures", body, idempotency_key=str(uuid4()))
        job = await self._slipway.get(f"/v1/jobs/{answer['job']['id']}?wait=60")
        if job["state"] != "succeeded":
            raise StoryError(job["problem"] or {"code": job["state"], "title": job["summary"]})
        self._screen.text(job["summary"], "bold green")
        self._screen.text(f"GET {path}/load-balancers", "bold")
        for frontend in await self._frontends(path):
            served = ", ".join(f"{one['namespace']}/{one['name']}" for one in frontend["services"])
            self._screen.text(f"  {frontend['address']:<18} {served or frontend['purpose']}")

    async def _frontends(self, path: str) -> list[Json]:
        """All frontends, once the worker has seen one that serves: it looks soon after a change."""
        deadline = time.monotonic() + _SEEN_SECONDS
        while True:
            found = await self._slipway.get(f"{path}/load-balancers")
            frontends = [frontend for one in found["items"] for frontend in one["frontends"]]
            if any(one["services"] for one in frontends) or time.monotonic() > deadline:
                return frontends
            await asyncio.sleep(_POLL_SECONDS)


def _write_private(file: Path, content: bytes) -> None:
    """Write a secret whole, readable by its owner from the first byte on."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)


def _seconds(job: Json) -> float:
    asked, ended = (datetime.fromisoformat(job[name]) for name in ("created_at", "finished_at"))
    return (ended - asked).total_seconds()
