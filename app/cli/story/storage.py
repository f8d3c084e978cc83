"""Storage that outlives pods: a share bound into a namespace, and a pod that mounts it."""

from app.cli.kubectl import Kubectl
from app.cli.screen import Json
from app.cli.story.clusters import run
from app.cli.story.teller import Teller

_POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: gallery
spec:
  containers:
    - name: gallery
      image: nginx
      volumeMounts: [{name: media, mountPath: /media}]
  volumes:
    - name: media
      persistentVolumeClaim: {claimName: media}
"""


async def bind_volume(teller: Teller, cluster: Json, kubectl: Kubectl | None) -> None:
    """Make a share and bind it in one request; a pod mounts it, with the account's key that nobody has seen."""
    volumes = f"/v1/clusters/{cluster['name']}/volumes"
    teller.screen.chapter("Storage that outlives pods: an Azure Files share, bound into a namespace")
    body = {"name": "media", "namespace": "default", "share": {"name": "media", "quota_gib": 5}}
    await teller.do("POST", volumes, body)
    if kubectl is None:
        return
    teller.screen.text("A pod that mounts it:", "dim")
    await run(teller, kubectl, "apply", "-f", "-", document=_POD)
    await run(teller, kubectl, "wait", "pod/gallery", "--for=condition=Ready", "--timeout=25s")
    await run(teller, kubectl, "get", "persistentvolumeclaims")


async def unbind_volume(teller: Teller, cluster: Json, kubectl: Kubectl | None) -> None:
    """The pod and the volume go; the share stays until it is asked to go too, and with it its account."""
    share = await teller.slipway.get("/v1/shares/media")
    found = await teller.slipway.get(f"/v1/clusters/{cluster['name']}/volumes")
    if kubectl is not None:
        await run(teller, kubectl, "delete", "pod", "gallery")
    for volume in found["items"]:
        await teller.do("DELETE", f"/v1/clusters/{cluster['name']}/volumes/{volume['id']}")
    await teller.do("DELETE", "/v1/shares/media")
    await teller.do("DELETE", f"/v1/storage-accounts/{share['account']}?deleted_shares=discard")
