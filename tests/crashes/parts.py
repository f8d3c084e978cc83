"""Which lives are lived together: each part has a local Azure and a Slipway of its own, and parts run side by side."""

from dataclasses import dataclass

from tests.crashes.ending_lives import ENDING_SCENARIOS
from tests.crashes.faltering_lives import FALTERING_SCENARIOS
from tests.crashes.lives import SCENARIOS, Scenario
from tests.crashes.monitoring_lives import MONITORING_SCENARIOS
from tests.crashes.patch_lives import PATCH_SCENARIOS
from tests.crashes.pool_lives import POOL_SCENARIOS
from tests.crashes.power_lives import POWER_SCENARIOS
from tests.crashes.share_lives import SHARE_SCENARIOS
from tests.crashes.upgrade_lives import UPGRADE_SCENARIOS

ALL = (
    *SCENARIOS,
    *PATCH_SCENARIOS,
    *POOL_SCENARIOS,
    *FALTERING_SCENARIOS,
    *POWER_SCENARIOS,
    *UPGRADE_SCENARIOS,
    *SHARE_SCENARIOS,
    *MONITORING_SCENARIOS,
    *ENDING_SCENARIOS,
)
_NAMED = {scenario.name: scenario for scenario in ALL}


@dataclass(frozen=True)
class Part:
    """Lives, and the kinds of jobs at whose every step one of them crashes.

    `beside`: lives of earlier parts, lived here without a crash: what they come by has crashed there.
    """

    name: str
    kinds: frozenset[str]
    scenarios: tuple[Scenario, ...]
    beside: tuple[Scenario, ...] = ()

    def __str__(self) -> str:
        return self.name


def _part(name: str, *, kinds: str, lives: str, beside: str = "") -> Part:
    return Part(
        name,
        frozenset(kinds.split()),
        tuple(_NAMED[each] for each in lives.split()),
        tuple(_NAMED[each] for each in beside.split()),
    )


PARTS = (
    _part(
        "clusters",
        kinds="cluster.create cluster.delete cluster.scale cluster.outbound cluster.sync provider.register"
        " cluster.reset_service_principal",
        # The one that takes more along comes first: its deletion is the one that crashes.
        lives="taking plain failing faltering stuck accepted first register sealed elsewhere principal lending",
    ),
    _part(
        "groups",
        kinds="resource_group.create resource_group.delete public_ip.create public_ip.delete public_ip.adopt",
        lives="group canceled address failing-ip www",
    ),
    _part(
        "settings",
        kinds="cluster.update cluster.reconcile cluster.abort cluster.rotate_certificates cluster.reset_aad"
        " cluster.run_command",
        lives="patched patchwanted repassworded aborted certified commanded",
        beside="plain",
    ),
    _part(
        "upgrades",
        kinds="cluster.upgrade cluster.start cluster.stop node_pool.upgrade",
        lives="poolup forced images stopped",
        beside="plain",
    ),
    _part(
        "pools",
        kinds="node_pool.create node_pool.update node_pool.delete node_pool.rotate node_pool.start node_pool.stop"
        " node_pool.delete_machines node_pool.replace_machines",
        lives="pooled unpooled faltered unremoved poolwanted repooled unrepooled switched evicted",
        beside="plain elsewhere",
    ),
    _part(
        "exposures",
        kinds="exposure.create exposure.update exposure.delete",
        lives="exposed made refused taken",
        beside="plain address",
    ),
    _part(
        "shares",
        kinds="share.create share.update share.delete share.restore share.snapshot share.delete_snapshot"
        " storage_account.delete",
        lives="shared restored adopted failingshare",
        beside="address",
    ),
    _part(
        "volumes",
        kinds="volume.create volume.delete storage_class.create storage_class.delete storage_account.rotate_key"
        " storage_account.repair_key",
        lives="bound claimed unbound gold rotated",
        beside="plain shared",
    ),
    _part(
        "monitoring",
        kinds="monitoring.enable monitoring.disable workspace.delete",
        lives="monitored watched logged",
        beside="plain",
    ),
)
