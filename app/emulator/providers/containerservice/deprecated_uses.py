"""Uses of Kubernetes APIs that a later version no longer has: AKS remembers them, and refuses such an upgrade."""

from datetime import datetime

from app.emulator.core.acts import InvalidActError
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.providers.containerservice.errors import flat
from app.emulator.providers.containerservice.names import CLUSTER_TYPE
from app.emulator.providers.containerservice.pool_changes import is_forced
from app.emulator.providers.containerservice.versions import numbers

USES = "deprecated_uses"
MEMORY_SECONDS = 12 * 3600
_READS = ("get", "list", "watch")


async def use_deprecated(host: ClusterHost, cloud: Cloud, document: Document) -> Document:
    """`{"cluster": ARM id, "api": "group.resource.version", "verb": "update", "removed_in": "1.33"}`: somebody did."""
    cluster = cloud.store.get(str(document.get("cluster") or "/"))
    api, verb, removed = (str(document.get(name) or "") for name in ("api", "verb", "removed_in"))
    if cluster is None or cluster.type != CLUSTER_TYPE:
        raise InvalidActError("'cluster' must be the ARM id of a cluster that is there")
    if not api or not verb or removed.count(".") != 1:
        raise InvalidActError("'api', 'verb' and 'removed_in' (a minor version) are required")
    use = {"api": api, "verb": verb, "removed_in": removed, "at": cloud.now().isoformat()}
    cluster.internal[USES] = [*cluster.internal.get(USES, ()), use]
    cloud.store.touch(cluster)
    store = host.serving(cluster.key)
    if store is not None:
        store.deprecated_uses.add((api, removed))
    return use


def refuse_used(cloud: Cloud, cluster: Resource, body: Document, version: str) -> None:
    """400 `ValidationError` where a minor version lacks what was used a while ago (Azure/AKS#3984, #4951)."""
    if numbers(version)[:2] == numbers(cluster.body["properties"]["currentKubernetesVersion"])[:2]:
        return
    since = cloud.now() - cloud.scaled(MEMORY_SECONDS)
    found = [
        use
        for use in cluster.internal.get(USES, ())
        if numbers(use["removed_in"]) <= numbers(version)[:2]
        and use["verb"] not in _READS
        and datetime.fromisoformat(use["at"]) > since
    ]
    if not found or is_forced(cloud, body):
        return
    said = "1 error occurred" if len(found) == 1 else f"{len(found)} errors occurred"
    details = "".join(
        f"\t* usage has been detected on API {use['api']}.{use['verb']}, and was recently seen at: "
        f"{datetime.fromisoformat(use['at']):%Y-%m-%d %H:%M:%S} +0000 UTC, which will be removed in "
        f"{use['removed_in']}\n"
        for use in found
    )
    raise flat(
        400,
        "ValidationError",
        "Control Plane upgrade is blocked due to recent usage of a Kubernetes API deprecated in the specified "
        "version. Please refer to https://kubernetes.io/docs/reference/using-api/deprecation-guide to migrate the "
        "usage. AKS records the usage over the last 12 hours, so you may need to wait that long after migrating before "
        "this error stops. To bypass this error, set forceUpgrade in upgradeSettings.overrideSettings. Bypassing this "
        "error without migrating usage will result in the deprecated Kubernetes API calls failing. Usage details: "
        f"{said}:\n{details}\n",
        subcode="UpgradeBlockedOnDeprecatedAPIUsage",
    )
