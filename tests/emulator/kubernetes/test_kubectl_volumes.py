"""What people do with volumes, by the oldest and the newest kubectl that can be had."""

import os
import re
from pathlib import Path

import pytest

from app.emulator.kubernetes.host import Endpoint
from tests.emulator.kubernetes.kubectls import configured
from tests.emulator.kubernetes.test_kubectl_script import Step, versions

pytestmark = [pytest.mark.kubectl, pytest.mark.slow, pytest.mark.timeout(300)]

_VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: share}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteMany]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: azurefile-csi
  mountOptions: [dir_mode=0777]
  csi:
    driver: file.csi.azure.com
    volumeHandle: group#account#share
    volumeAttributes: {shareName: share}
    nodeStageSecretRef: {name: files, namespace: default}
"""
_CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: azurefile-csi
  volumeName: share
  resources: {requests: {storage: 5Gi}}
"""
_WAITING = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""
_POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: web, image: nginx, volumeMounts: [{name: data, mountPath: /data}]}
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""
_CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: shared}
provisioner: file.csi.azure.com
parameters: {skuName: Premium_LRS}
"""
_GROW = '{"spec":{"resources":{"requests":{"storage":"9Gi"}}}}'
_SHRINK = '{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}'
_STEPS = (
    Step("api-resources --api-group=storage.k8s.io", r"storageclasses\s+sc\s+storage.k8s.io/v1\s+false\s+StorageClass"),
    Step("explain pv.spec.csi", "volumeHandle"),
    Step("explain pvc.spec.resources", "requests"),
    Step("get sc", r"(?s)default \(default\)\s+disk.csi.azure.com\s+Delete\s+WaitForFirstConsumer\s+true"),
    Step("describe sc azurefile-csi", r"(?s)IsDefaultClass:\s+No.*Parameters:\s+skuName=Standard_LRS.*mfsymlinks"),
    Step("get csidrivers", r"file.csi.azure.com\s+false\s+true\s+false"),
    Step("get csinodes", r"aks-nodepool1-12345678-vmss000000\s+2"),
    Step("apply -f -", "storageclass.storage.k8s.io/shared created", _CLASS),
    Step("apply -f -", "updates to provisioner are forbidden", _CLASS.replace("file.", "disk."), refused=True),
    Step("apply -f -", "persistentvolume/share created", _VOLUME),
    Step("apply -f -", "persistentvolume/share unchanged", _VOLUME),
    Step("apply -f -", "is immutable after creation", _VOLUME.replace("group#", "other#"), refused=True),
    Step("wait pv/share --for=jsonpath={.status.phase}=Available --timeout=10s", "condition met"),
    Step("get pv", r"share\s+5Gi\s+RWX\s+Retain\s+Available\s+azurefile-csi"),
    Step("apply -f -", "persistentvolumeclaim/data created", _CLAIM),
    Step("wait pvc/data --for=jsonpath={.status.phase}=Bound --timeout=10s", "condition met"),
    Step("get pvc", r"data\s+Bound\s+share\s+5Gi\s+RWX\s+azurefile-csi"),
    Step("get pv share", r"share\s+5Gi\s+RWX\s+Retain\s+Bound\s+default/data\s+azurefile-csi"),
    Step("get pv,pvc -o wide", r"(?s)persistentvolume/share.*persistentvolumeclaim/data.*Filesystem"),
    Step("get secret files", "not found", refused=True),
    Step("apply -f -", "pod/web created", _POD),
    Step("get pods", r"web\s+0/1\s+(Pending|ContainerCreating)"),
    Step("describe pvc data", r"(?s)Status:\s+Bound.*Volume:\s+share.*Finalizers:.*pvc-protection.*Used By:\s+web"),
    Step("create secret generic files --from-literal=azurestorageaccountname=a", "secret/files created"),
    Step("wait pod/web --for=condition=Ready --timeout=30s", "condition met"),
    Step("describe pod web", r"(?s)ClaimName:\s+data.*FailedMount.*failed to find the secret files"),
    Step(
        "describe pv share", r"(?s)Claim:\s+default/data.*Driver:\s+file.csi.azure.com.*VolumeHandle:\s+group#account"
    ),
    Step("apply -f -", "persistentvolumeclaim/disk created", _WAITING),
    Step("describe pvc disk", r"(?s)StorageClass:\s+default\nStatus:\s+Pending.*waiting for first consumer"),
    Step("get events --field-selector reason=WaitForFirstConsumer", "persistentvolumeclaim/disk"),
    Step(f"patch pvc data -p {_GROW}", "patched"),
    Step(f"patch pvc data -p {_SHRINK}", "field can not be less than", refused=True),
    Step(f"patch pvc disk -p {_GROW}", "spec is immutable after creation", refused=True),
    Step("delete pvc data --wait=false", "deleted"),
    Step("get pvc data", r"data\s+Terminating"),
    Step("delete pod web --timeout=30s", "deleted"),
    Step("wait pv/share --for=jsonpath={.status.phase}=Released --timeout=10s", "condition met"),
    Step('patch pv share --type=json -p [{"op":"remove","path":"/spec/claimRef"}]', "patched"),
    Step("wait pv/share --for=jsonpath={.status.phase}=Available --timeout=10s", "condition met"),
    Step("delete pv,pvc --all --timeout=30s", 'persistentvolume "share" deleted'),
    Step("delete sc shared", "deleted"),
)


@pytest.mark.parametrize("path", versions())
async def test_kubectl_shows_binds_grows_and_deletes_volumes(path: str, cluster: Endpoint, tmp_path: Path) -> None:
    kubectl = configured(path, cluster.admin_kubeconfig, tmp_path)
    for step in _STEPS:
        code, said = await kubectl.run(*step.line.split(), text=step.reads)
        assert (code != 0) == step.refused, f"{step.line}{os.linesep}{said}"
        assert re.search(step.says, said), f"{step.line}{os.linesep}{said}"
