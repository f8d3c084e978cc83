"""What nothing needs any more, and since when."""

import pytest

from app.azure.types.compute import Disk
from app.azure.types.network import (
    SecurityGroup,
    SecurityRule,
)
from app.clusters.specs.inventory import service_name_of
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import Cluster, ClusterReader, Exposure, ExposureState, ReaderState
from tests.load_balancers.inventory_rows import (
    ADDRESSES,
    OTHER_UID,
    START,
    UID,
    add_cluster,
    address,
    at,
    balancer,
    common,
    keep,
    rows,
)


async def test_since_when_an_address_is_unused_is_kept_until_it_is_used_again(database: Database) -> None:
    """Trouble 54: the ledger says who holds an address, and since when nobody does."""
    await add_cluster(database)
    since = []
    for minute, holder in enumerate([None, None, "/f", None]):
        await keep(database, ADDRESSES, at(minute), address("a", used_by=holder))
        since.append((await rows(database, "Network/publicIPAddresses"))["a"].unused_since)
    assert since == [at(0), at(0), None, at(3)]


async def _watch_services(database: Database, cluster: Cluster, *uids: str | None) -> None:
    async with database.write() as session:
        session.add(ClusterReader(cluster_id=cluster.id, state=ReaderState.WATCHING, seen_at=START))
        for number, uid in enumerate(uids):
            session.add(
                Exposure(
                    id=new_id(Prefix.EXPOSURE),
                    project_id=cluster.project_id,
                    cluster_id=cluster.id,
                    namespace="shop",
                    name=f"web{number}",
                    managed=True,
                    state=ExposureState.READY if uid else ExposureState.PENDING,
                    service_uid=uid,
                    created_at=START,
                    updated_at=START,
                )
            )


LIST = "Microsoft.Network/loadBalancers"


@pytest.mark.parametrize("case", ["no rule", "service gone", "not watched", "just made", "lives"])
async def test_a_frontend_is_left_over_when_nothing_uses_it_or_its_service_is_known_to_be_gone(
    database: Database, case: str
) -> None:
    cluster = await add_cluster(database, node_resource_group="MC_g")
    known: dict[str, tuple[str | None, ...]] = {
        "no rule": (UID,),
        "service gone": (OTHER_UID,),
        "just made": (OTHER_UID, None),
        "lives": (UID,),
    }
    if case in known:
        await _watch_services(database, cluster, *known[case])
    await keep(database, LIST, at(3), balancer(UID, rules=case != "no rule"))
    (frontend,) = (await rows(database, "Network/loadBalancers/frontendIPConfigurations")).values()
    assert frontend.unused_since == (at(3) if case in {"no rule", "service gone"} else None)
    assert frontend.cluster_id == cluster.id


def rule(name: str, *destinations: str) -> SecurityRule:
    group = common("networkSecurityGroups", "n")["id"]
    return SecurityRule(
        f"{group}/securityRules/{name}", name, 500, "Inbound", "Allow", "Tcp", destinations=destinations
    )


async def test_a_rule_for_addresses_that_are_no_more_is_left_over_and_a_callers_own_rule_is_none(
    database: Database,
) -> None:
    cluster = await add_cluster(database, node_resource_group="MC_g")
    await _watch_services(database, cluster, UID)
    group = SecurityGroup(
        **common("networkSecurityGroups", "n"),
        rules=(
            rule("k8s-azure-lb_allow_IPv4_1", "20.0.0.1", "20.0.0.2"),
            rule("k8s-azure-lb_allow_IPv4_2", "20.0.0.2"),
            rule("k8s-azure-lb_allow_IPv4_3", "10.224.0.4"),
            rule("k8s-azure-lb_allow_IPv4_4", "*"),
            rule(f"{service_name_of(UID)}-TCP-80-Internet", "20.0.0.1"),
            rule(f"{service_name_of(OTHER_UID)}-TCP-80-Internet", "20.0.0.1"),
            rule("mine", "20.0.0.2"),
        ),
    )
    await keep(database, "Microsoft.Network/networkSecurityGroups", at(0), group, addresses=["20.0.0.1"])
    found = await rows(database, "Network/networkSecurityGroups/securityRules")
    assert len(found) == 6
    left = [name for name, row in found.items() if row.unused_since]
    assert left == ["k8s-azure-lb_allow_IPv4_2", f"{service_name_of(OTHER_UID)}-TCP-80-Internet"]


async def test_a_disk_that_nothing_has_is_unused(database: Database) -> None:
    await add_cluster(database, node_resource_group="MC_g")
    disks = [
        Disk(**common("disks", "held"), state="Attached", machine_id="/m"),
        Disk(**common("disks", "kept"), state="Reserved"),
        Disk(**common("disks", "loose"), state="Unattached"),
    ]
    await keep(database, "Microsoft.Compute/disks", at(0), *disks)
    found = await rows(database, "Compute/disks")
    assert [name for name, row in sorted(found.items()) if row.unused_since] == ["loose"]
