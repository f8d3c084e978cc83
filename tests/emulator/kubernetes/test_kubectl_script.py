"""Forty commands of daily use, by the oldest and the newest kubectl that can be had."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.emulator.kubernetes.host import Endpoint
from tests.emulator.kubernetes.client import node_spec
from tests.emulator.kubernetes.kubectls import configured, kubectls

pytestmark = [pytest.mark.kubectl, pytest.mark.slow, pytest.mark.timeout(300)]

_NODE = node_spec(0).name
_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: %s}\n"
_DAEMONS = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      nodeSelector: {kubernetes.io/os: linux}
      containers: [{name: agent, image: agent:1}]
"""
_BAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndatum: {a: b}\n"


@dataclass(frozen=True)
class Step:
    """A command line, what it says (a regular expression), what it reads, and whether it is refused."""

    line: str
    says: str
    reads: str | None = None
    refused: bool = False


_STEPS = (
    Step("version", r"Server Version:.*v1\.33\.5"),
    Step("cluster-info", "control plane"),
    Step("api-versions", r"(?s)apps/v1.*batch/v1.*\nv1\n"),
    Step("api-resources --api-group=apps", r"deployments\s+deploy\s+apps/v1\s+true\s+Deployment"),
    Step("explain deployment.spec.strategy.rollingUpdate", "maxSurge"),
    Step("create namespace shop", "namespace/shop created"),
    Step("create deployment web --image=nginx:1.27 --replicas=2 --port=8080", "deployment.apps/web created"),
    Step("rollout status deployment/web --timeout=30s", "successfully rolled out"),
    Step("get deployment web", r"web\s+2/2\s+2\s+2"),
    Step("get pods -l app=web -o wide", rf"(?s)1/1\s+Running.*{_NODE}"),
    Step("get pods -l app=web -o name", r"^pod/web-\w+-\w+\npod/web-\w+-\w+\n$"),
    Step("get deploy web -o jsonpath={.status.availableReplicas}", "^2$"),
    Step("get deploy web -o custom-columns=NAME:.metadata.name,IMAGE:..image", r"web\s+nginx:1.27"),
    Step("get all", r"(?s)pod/web-.*service/kubernetes.*deployment.apps/web.*replicaset.apps/web-"),
    Step("describe deployment web", r"(?s)StrategyType:\s+RollingUpdate.*Scaled up replica set"),
    Step("scale deployment web --replicas=3", "deployment.apps/web scaled"),
    Step("wait deployment/web --for=jsonpath={.status.readyReplicas}=3 --timeout=30s", "condition met"),
    Step("set image deployment/web nginx=nginx:1.28", "image updated"),
    Step("rollout status deployment/web --timeout=30s", "successfully rolled out"),
    Step("rollout history deployment/web", r"(?s)1\s+<none>\n2\s+<none>"),
    Step("rollout undo deployment/web", "rolled back"),
    Step("rollout restart deployment/web", "restarted"),
    Step("rollout status deployment/web --timeout=30s", "successfully rolled out"),
    Step("expose deployment web --port=80 --target-port=8080", "service/web exposed"),
    Step("apply -f -", "service/api created", _SERVICE),
    Step("apply -f -", "service/api unchanged", _SERVICE),
    Step("get svc api", r"api\s+LoadBalancer\s+10\.0\.\d+\.\d+\s+\S+\s+80:\d{5}/TCP"),
    Step("apply -f -", "configmap/settings created", _MAP % "red"),
    Step(
        "apply --server-side --field-manager=other -f -",
        'conflict with "kubectl-client-side-apply"',
        _MAP % "blue",
        refused=True,
    ),
    Step("apply --server-side --field-manager=other --force-conflicts -f -", "serverside-applied", _MAP % "blue"),
    Step('patch configmap settings --type=merge -p {"data":{"size":"5"}}', "patched"),
    Step("label configmap settings tier=front", "labeled"),
    Step("annotate configmap settings why=test", "annotate"),
    Step("edit configmap settings", "edited"),
    Step("get configmap settings -o yaml", r"(?s)colour: green.*size: \"5\".*why: test.*tier: front"),
    Step("get configmap -w --request-timeout=1s", "settings"),
    Step("apply -f -", 'unknown field "datum"', _BAD, refused=True),
    Step("logs deployment/web", "No containers run in the local Azure"),
    Step("exec deployment/web -- ls", "no containers run", refused=True),
    Step("create poddisruptionbudget web --selector=app=web --min-available=1", "created"),
    Step("apply -f -", "daemonset.apps/agent created", _DAEMONS),
    Step("rollout status daemonset/agent --timeout=30s", "successfully rolled out"),
    Step(f"cordon {_NODE}", "cordoned"),
    Step(f"drain {_NODE} --ignore-daemonsets --delete-emptydir-data --timeout=60s", "drained"),
    Step("wait deployment/web --for=condition=Available --timeout=30s", "condition met"),
    Step("get pods -l app=web -o jsonpath={.items[*].spec.nodeName}", rf"^(?!.*{_NODE})"),
    Step(f"uncordon {_NODE}", "uncordoned"),
    Step("run once --image=busybox:1 --restart=Never", "pod/once created"),
    Step("wait pod/once --for=condition=Ready --timeout=30s", "condition met"),
    Step("get events --field-selector involvedObject.name=once", r"Normal\s+Scheduled\s+pod/once"),
    Step("create secret generic word --from-literal=a=b", "secret/word created"),
    Step("create job pi --image=pi:1", "job.batch/pi created"),
    Step("create cronjob tick --image=tick:1 --schedule=*/5_*_*_*_*", "cronjob.batch/tick created"),
    Step("create serviceaccount robot", "serviceaccount/robot created"),
    Step("create token robot", r"^[\w-]+\.[\w-]+\.[\w-]+\s*$"),
    Step("create role reader --verb=get --resource=pods", "created"),
    Step("create rolebinding reads --role=reader --serviceaccount=default:default", "created"),
    Step("auth can-i create deployments", "^yes\n"),
    Step("autoscale deployment web --max=5 --cpu-percent=80", "autoscaled"),
    Step(f"taint node {node_spec(1).name} only=batch:PreferNoSchedule", "tainted"),
    Step("top nodes", "Metrics API not available", refused=True),
    Step("get crd", "no custom resource definitions", refused=True),
    Step("delete deployment web --cascade=foreground --timeout=30s", 'deployment.apps "web" deleted'),
    Step("get pods -l app=web", "No resources found"),
    Step("delete service,configmap,secret api settings word --ignore-not-found", 'configmap "settings" deleted'),
    Step("delete namespace shop --timeout=30s", 'namespace "shop" deleted'),
)


def versions() -> list[object]:
    """The oldest and the newest kubectl, as parameters."""
    found = list(kubectls().items())
    if not found:
        return [pytest.param("", id="none", marks=pytest.mark.skip("no kubectl: none on PATH, none from `make tools`"))]
    chosen = dict((found[0], found[-1]))
    return [pytest.param(path, id=f"1.{minor}") for minor, path in chosen.items()]


@pytest.mark.parametrize("path", versions())
async def test_kubectl_does_its_daily_work(path: str, cluster: Endpoint, tmp_path: Path) -> None:
    kubectl = configured(path, cluster.admin_kubeconfig, tmp_path)
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/colour: blue/colour: green/' \"$1\"\n")
    editor.chmod(0o700)
    kubectl.environment["KUBE_EDITOR"] = str(editor)
    assert len(_STEPS) >= 40
    for step in _STEPS:
        arguments = [word.replace("_", " ") if "schedule" in word else word for word in step.line.split()]
        code, said = await kubectl.run(*arguments, text=step.reads)
        assert (code != 0) == step.refused, f"{step.line}{os.linesep}{said}"
        assert re.search(step.says, said), f"{step.line}{os.linesep}{said}"
