"""A cluster: asked for, followed, looked at, talked to, and removed."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.cli.kubectl import Kubectl, find_kubectl, read_without_kubectl
from app.cli.screen import Json
from app.cli.story.teller import Teller

GROUP = "demo"
LOCATION = "westeurope"
_COMMANDS = (("version",), ("cluster-info",), ("get", "nodes"))


async def free_name(teller: Teller) -> str:
    """`first`, or where that is taken (the state was kept) the next one."""
    name, number = "first", 1
    while await teller.exists(f"/v1/clusters/{name}"):
        number += 1
        name = f"first-{number}"
    return name


async def prepare(teller: Teller) -> None:
    """What a subscription needs before its first cluster; a create does it too, where it was not done."""
    teller.screen.chapter("Prepare: the resource provider, and a resource group")
    await teller.do("POST", "/v1/providers/Microsoft.ContainerService:register")
    if not await teller.exists(f"/v1/resource-groups/{GROUP}"):
        await teller.do("POST", "/v1/resource-groups", {"name": GROUP, "location": LOCATION})


async def create(teller: Teller, name: str, *, nodes: int) -> tuple[Json, float]:
    """Ask for a cluster and follow its job; return the cluster and how many seconds it took."""
    screen = teller.screen
    body: dict[str, Any] = {
        "name": name,
        "location": LOCATION,
        "resource_group": GROUP,
        "node_count": nodes,
        "node_size": "Standard_D4s_v5",
        "generate_ssh_key": True,
    }
    key = str(uuid4())
    screen.chapter("Ask for a cluster, in one HTTP request")
    screen.text(f"POST /v1/clusters   Idempotency-Key: {key}", "bold")
    screen.text(json.dumps(body, indent=2))
    answer = await teller.slipway.change("POST", "/v1/clusters", body, idempotency_key=key)
    job: Json = answer["job"]
    screen.text("202 Accepted: the request is now a job in the database.", "bold green")
    screen.facts(
        [
            ("Job", f"/v1/jobs/{job['id']}"),
            ("Cluster", f"/v1/clusters/{answer['resource']['id']}"),
            ("SSH key", "made for this cluster; its private half is in this answer only"),
        ]
    )
    screen.chapter("Follow the job, step by step")
    job = await teller.follow(job)
    return await teller.slipway.get(f"/v1/clusters/{job['target_id']}"), _seconds(job)


def show(teller: Teller, cluster: Json) -> None:
    """Say what Slipway knows of it."""
    pools = ", ".join(f"{pool['name']}: {pool['count']} x {pool['size']}" for pool in cluster["node_pools"])
    teller.screen.chapter("Look at the cluster")
    teller.screen.facts(
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


async def take_kubeconfig(teller: Teller, cluster: Json) -> Path:
    """Take a kubeconfig, and write it where only its owner reads it."""
    teller.screen.chapter("Take a kubeconfig")
    document = await teller.slipway.post_for_yaml(f"/v1/clusters/{cluster['id']}/credentials")
    file = teller.directory / f"{cluster['name']}.kubeconfig"
    _write_private(file, document)
    teller.screen.text(f"POST /v1/clusters/{cluster['name']}/credentials   Accept: application/yaml", "bold")
    teller.screen.text(f"Written to {file}, readable by you alone.")
    return file


async def talk(teller: Teller, cluster: Json, kubeconfig: Path) -> Kubectl | None:
    """Ask the cluster itself; return the kubectl that did, None where there is none."""
    kubectl = find_kubectl(kubeconfig)
    if kubectl is None:
        teller.screen.chapter("Talk to the cluster, with Slipway's own Kubernetes client")
        teller.screen.text("No kubectl is installed, and `make tools` took none.", "dim")
        for line in await read_without_kubectl(kubeconfig, fqdn=cluster["fqdn"]):
            teller.screen.text(line)
        return None
    teller.screen.chapter("Talk to the cluster, with kubectl")
    for arguments in _COMMANDS:
        await run(teller, kubectl, *arguments)
    return kubectl


async def run(teller: Teller, kubectl: Kubectl, *arguments: str, document: str = "") -> None:
    """Show a kubectl command (its document goes to its standard input), and what it prints."""
    teller.screen.command(kubectl.shown(*arguments))
    teller.screen.text(await kubectl.run(*arguments, document=document))


async def delete(teller: Teller, cluster: Json) -> None:
    """Remove it with all that Azure built for it, and its resource group."""
    await teller.do("DELETE", f"/v1/clusters/{cluster['name']}")
    await teller.do("DELETE", f"/v1/resource-groups/{GROUP}")


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
