"""A client of a local cluster that shows every byte: for tests of the wire, not of a library."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import yaml

from app.emulator.kubernetes.host import ClusterSpec, NodeSpec

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: Any


class Client:
    def __init__(self, session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> None:
        self._session = session
        self._url = url
        self._headers = headers

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"accept": accept, **self._headers, **(headers or {})}
        if data is not None:
            sent["content-type"] = content_type
        async with self._session.request(
            method, self._url + path, data=data and BytesIO(data), headers=sent
        ) as response:
            text = (await response.read()).decode(errors="replace")
            named = {name.lower(): value for name, value in response.headers.items()}
            if not named["content-type"].startswith("application/json"):
                return Reply(response.status, named, text)
            if "watch=" in path and response.status == HTTPStatus.OK:
                return Reply(response.status, named, [json.loads(line) for line in text.splitlines()])
            return Reply(response.status, named, json.loads(text) if text else None)

    @asynccontextmanager
    async def watching(self, path: str, accept: str = "application/json") -> AsyncIterator[AsyncIterator[Any]]:
        """Open a watch whose events are read one by one."""
        sent = {"accept": accept, **self._headers}
        async with self._session.get(self._url + path, headers=sent) as response:

            async def events() -> AsyncIterator[Any]:
                async for line in response.content:
                    yield json.loads(line)

            yield events()


@asynccontextmanager
async def connect(kubeconfig: bytes, *, use: str = "token") -> AsyncIterator[Client]:
    """Connect as a kubeconfig says, with its `token`, its `certificate`, or `nothing`."""
    document = yaml.safe_load(kubeconfig)
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    context = ssl.create_default_context(cadata=_decode(cluster["certificate-authority-data"]))
    headers = {}
    if use == "certificate":
        _load(context, _decode(user["client-certificate-data"]) + _decode(user["client-key-data"]))
    elif use == "token":
        headers["authorization"] = f"Bearer {user['token']}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Client(session, cluster["server"], headers)


def _load(context: ssl.SSLContext, pem: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "client.pem")
        path.write_text(pem)
        context.load_cert_chain(path)


def _decode(text: str) -> str:
    return yaml.safe_load(f"!!binary {text}").decode()  # type: ignore[no-any-return] # bytes by its tag


def cluster_spec(key: str = "one", version: str = "1.33.5") -> ClusterSpec:
    return ClusterSpec(
        key=f"/subscriptions/s/resourcegroups/group/providers/microsoft.containerservice/managedclusters/{key}",
        name=key,
        resource_group="group",
        location="westeurope",
        fqdn=f"{key}-dns-1a2b3c4d.hcp.westeurope.azmk8s.io",
        kubernetes_version=version,
    )


def node_spec(index: int, **changes: Any) -> NodeSpec:
    known: dict[str, Any] = {
        "name": f"aks-nodepool1-12345678-vmss{index:06}",
        "pool": "nodepool1",
        "mode": "System",
        "vm_size": "Standard_D4s_v5",
        "os_type": "Linux",
        "os_sku": "Ubuntu",
        "kubernetes_version": "1.33.5",
        "location": "westeurope",
        "zone": "1",
        "provider_id": f"azure:///subscriptions/s/resourceGroups/mc/virtualMachines/{index}",
        "internal_ip": f"10.224.0.{4 + index}",
        "cpu": 4,
        "memory_gib": 16,
        "max_pods": 250,
        "ready": True,
        "node_resource_group": "MC_group_one_westeurope",
        "labels": {"team": "web"},
    }
    return NodeSpec(**{**known, **changes})


def windows_node(index: int) -> NodeSpec:
    return node_spec(
        index, name=f"akswin{index:06}", pool="win", mode="User", os_type="Windows", os_sku="Windows2022", labels={}
    )
