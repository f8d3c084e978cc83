"""What the add-on runs in `kube-system`: an agent on each Linux and each Windows node, and one for the cluster."""

from collections.abc import Iterator

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.inner_faults import draw_inner
from app.emulator.core.network_documents import resource
from app.emulator.core.store import Resource
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.host import ClusterHost, Held, Store
from app.emulator.kubernetes.quantities import number
from app.emulator.providers.containerservice.monitoring.addon import OMSAGENT, addon_of
from app.emulator.providers.containerservice.monitoring.rows import Limits
from app.emulator.providers.containerservice.node_resource_group import node_group_of, put_once

LINUX, WINDOWS, CLUSTER_WIDE = "ama-logs", "ama-logs-windows", "ama-logs-rs"
START = "Agents_Start"
"""The operation of a fault that keeps an agent from starting; its path is `<cluster>/nodes/<node>/agents/<set>`."""
_SYSTEM = "kube-system"
_DAEMON_SETS, _DEPLOYMENTS = "daemonsets.apps", "deployments.apps"
_IMAGES = "mcr.microsoft.com/azuremonitor/containerinsights/ciprod"
_VERSION = "3.1.31"
_MANAGED = {"addonmanager.kubernetes.io/mode": "Reconcile", "kubernetes.azure.com/managedby": "aks"}
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"


async def apply_agents(cloud: Cloud, host: ClusterHost, cluster: Resource) -> None:
    """Bring a cluster whose API serves to what its add-on says, and show the add-on's identity."""
    properties = cluster.body["properties"]
    addon = addon_of(properties)
    if cluster.internal.get("api"):
        await host.set_platform(cluster.key, _objects(cluster), present=addon is not None)
    if addon is not None:
        properties["addonProfiles"][OMSAGENT]["identity"] = _identity(cloud, cluster)


def _identity(cloud: Cloud, cluster: Resource) -> Document:
    group = node_group_of(cluster)
    identity_id = group.resource_id(_IDENTITY, f"{OMSAGENT}-{cluster.body['name'].lower()}")
    if cloud.store.get(group.id) is not None:
        ids = {"clientId": cloud.guid(), "principalId": cloud.guid(), "tenantId": cloud.settings.tenant_id}
        put_once(cloud, resource(identity_id, _IDENTITY, group.location, ids))
    kept = cloud.store.get(identity_id)
    shown = kept.body["properties"] if kept is not None else {}
    return {
        "resourceId": identity_id.replace("/resourceGroups/", "/resourcegroups/"),
        "clientId": shown.get("clientId"),
        "objectId": shown.get("principalId"),
    }


def _objects(cluster: Resource) -> list[tuple[str, Object]]:
    return [
        ("serviceaccounts", {"metadata": {"name": LINUX, "namespace": _SYSTEM, "labels": _MANAGED}}),
        (_DAEMON_SETS, _daemon_set(cluster, LINUX, "linux", f"{_IMAGES}:{_VERSION}")),
        (_DAEMON_SETS, _daemon_set(cluster, WINDOWS, "windows", f"{_IMAGES}:win-{_VERSION}")),
        (_DEPLOYMENTS, _deployment(cluster)),
    ]


def _daemon_set(cluster: Resource, name: str, system: str, image: str) -> Object:
    windows = system == "windows"
    labels = {
        "component": f"ama-logs-agent{'-windows' if windows else ''}",
        "tier": f"node{'-win' if windows else ''}",
    }
    spec = {
        **_pod_spec(cluster, name, image, cpu="500m", memory="1Gi" if windows else "750Mi"),
        "nodeSelector": {"kubernetes.io/os": system},
        "tolerations": [{"operator": "Exists", "effect": effect} for effect in _EFFECTS],
    }
    return _workload(name, labels, spec, strategy={"updateStrategy": {"type": "RollingUpdate"}})


_EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule")


def _deployment(cluster: Resource) -> Object:
    labels = {"component": "ama-logs-agent", "tier": "node", "rsName": CLUSTER_WIDE}
    spec = {
        **_pod_spec(cluster, LINUX, f"{_IMAGES}:{_VERSION}", cpu="1", memory="1536Mi"),
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
    }
    return _workload(CLUSTER_WIDE, labels, spec, strategy={"replicas": 1})


def _pod_spec(cluster: Resource, name: str, image: str, *, cpu: str, memory: str) -> Object:
    environment = {"AKS_RESOURCE_ID": cluster.id, "AKS_REGION": cluster.body["location"]}
    container = {
        "name": name,
        "image": image,
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        "resources": {"requests": {"cpu": "75m", "memory": "325Mi"}, "limits": {"cpu": cpu, "memory": memory}},
    }
    return {"serviceAccountName": LINUX, "priorityClassName": "system-node-critical", "containers": [container]}


def _workload(name: str, labels: dict[str, str], spec: Object, *, strategy: Object) -> Object:
    # The cluster's own agent carries the labels of those on the nodes too; only its selector tells them apart.
    selector = {"rsName": name} if "rsName" in labels else labels
    template = {"metadata": {"labels": labels, "annotations": {"schema-versions": "v1"}}, "spec": spec}
    return {
        "metadata": {"name": name, "namespace": _SYSTEM, "labels": {**labels, **_MANAGED}},
        "spec": {**strategy, "selector": {"matchLabels": selector}, "template": template},
    }


def agents_of(store: Store) -> Iterator[tuple[str | None, Object]]:
    """The agents' pods, each with its node; none for the one of the whole cluster."""
    for pod in store.list_("pods", _SYSTEM):
        if _is_agent(pod):
            yield None if "rsName" in pod["metadata"]["labels"] else pod["spec"].get("nodeName"), pod


def _is_agent(pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return pod["metadata"]["namespace"] == _SYSTEM and str(labels.get("component")).startswith(LINUX)


def agent_fault_path(key: str, pod: Object) -> str:
    """The path of faults on one agent."""
    owner = next((entry["name"] for entry in pod["metadata"].get("ownerReferences") or ()), "")
    return f"{key}/nodes/{pod['spec']['nodeName']}/agents/{owner}"


def limits_of(pod: Object) -> Limits:
    """What an agent may use at most."""
    limits = at(pod["spec"]["containers"][0], "resources.limits", {})
    return Limits(number(limits.get("cpu", "1")), number(limits.get("memory", "1Gi")))


def held_agent(cloud: Cloud, key: str, pod: Object) -> Held | None:
    """Why an agent does not start: a fault that names `Agents_Start`, or its path."""
    fault = draw_inner(cloud, START, agent_fault_path(key, pod)) if _is_agent(pod) else None
    return Held("CrashLoopBackOff", fault.message) if fault is not None else None
