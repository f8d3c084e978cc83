"""What runs when the upgrades that are queued have come to their end."""

from collections.abc import Iterable
from dataclasses import replace

from app.clusters.specs.fleet import Fleet
from app.clusters.specs.upgrade_path import UpgradeAsked, UpgradeRefusedError, stages_of


def after(queued: Iterable[UpgradeAsked], fleet: Fleet) -> Fleet:
    """The fleet when all of these, in their order, are carried out. One that is refused changes nothing."""
    for asked in queued:
        fleet = _after(asked, fleet)
    return fleet


def _after(asked: UpgradeAsked, fleet: Fleet) -> Fleet:
    try:
        stages = stages_of(asked, fleet)
    except UpgradeRefusedError:
        return fleet
    reached = {stage.pool: stage.version for stage in stages if stage.version is not None}
    here = reached.get(None, fleet.control_plane)
    pools = tuple(replace(pool, version=reached.get(pool.name, pool.version)) for pool in fleet.pools)
    return replace(fleet, control_plane=here, pools=pools, ways=fleet.graph.get(here, ()))
