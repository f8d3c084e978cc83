"""From what a request for an upgrade says to what is meant, under Azure's names."""

from app.clusters.schemas.upgrades import ClusterUpgrade, NodePoolUpgrade, Undrainable, UpgradeScope
from app.clusters.specs.findings import Choices
from app.clusters.specs.upgrade_path import UpgradeAsked
from app.clusters.specs.wanted import Wanted
from app.core.json import JsonObject

_NOT_OF_THE_ACT = {"options", "plan_id"}


def cluster_request(body: ClusterUpgrade) -> JsonObject:
    """What a job of the whole cluster's keeps of its request."""
    return body.model_dump(mode="json", exclude=_NOT_OF_THE_ACT)


def pool_request(body: NodePoolUpgrade, pool: str) -> JsonObject:
    """The same of one pool's (under our name): a whole cluster's request that concerns this pool alone."""
    said = body.model_dump(mode="json", exclude={*_NOT_OF_THE_ACT, "node_image"})
    return {**said, "node_images": body.node_image, "scope": str(UpgradeScope.NODE_POOLS), "node_pools": [pool]}


def asked_of(wanted: Wanted, request: JsonObject) -> UpgradeAsked:
    """What a request asks for; one from before there was more to ask has a version only."""
    names = request.get("node_pools") or ()
    return UpgradeAsked(
        version=request.get("kubernetes_version"),
        scope=UpgradeScope(request.get("scope") or UpgradeScope.ALL),
        pools=tuple(pool.spec.name for pool in wanted.pools if pool.name in names),
        node_images=bool(request.get("node_images")),
        through_minors=bool(request.get("through_minors")),
    )


def choices_of(wanted: Wanted, request: JsonObject) -> Choices:
    """What the caller has chosen beforehand."""
    return Choices(
        undrainable=Undrainable(request.get("undrainable") or Undrainable.FAIL),
        ignored=frozenset(request.get("ignore") or ()),
        channel=(wanted.settings.get("upgrades") or {}).get("channel"),
    )
