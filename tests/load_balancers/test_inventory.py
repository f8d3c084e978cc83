"""The inventory's rows: what a list showed, and whose it is."""

from app.azure.types.network import (
    PublicIpAddress,
    SecurityGroup,
    Subnet,
    VirtualNetwork,
)
from app.azure.types.tags import owner_tags
from app.clusters.service.inventory import forget, keep_seen
from app.clusters.specs.inventory import found_of, read_body
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import Cluster, NodePool
from tests.load_balancers.inventory_rows import (
    ADDRESSES,
    START,
    SUBSCRIPTION,
    UID,
    add_cluster,
    address,
    at,
    balancer,
    common,
    keep,
    rows,
)


async def test_a_list_replaces_what_an_older_one_said_and_what_it_does_not_show_goes(database: Database) -> None:
    cluster = await add_cluster(database, node_resource_group="mc_G")
    await keep(database, ADDRESSES, at(0), address("a", address="20.0.0.1", used_by="/f"), address("b"))
    await keep(database, ADDRESSES, at(5), address("a", address="20.0.0.2", used_by="/f"), address("c"))

    found = await rows(database, "Network/publicIPAddresses")
    assert sorted(found) == ["a", "c"]
    assert found["a"].address == "20.0.0.2"
    assert (found["a"].first_seen_at, found["a"].observed_at) == (at(0), at(5))
    assert {row.cluster_id for row in found.values()} == {cluster.id}
    assert read_body(PublicIpAddress, found["a"].body) == address("a", address="20.0.0.2", used_by="/f")


async def test_an_older_list_that_is_written_later_changes_and_removes_nothing(database: Database) -> None:
    await add_cluster(database)
    await keep(database, ADDRESSES, at(5), address("a", address="20.0.0.2"), address("b"))
    await keep(database, ADDRESSES, at(0), address("a", address="20.0.0.1"))
    found = await rows(database, "Network/publicIPAddresses")
    assert sorted(found) == ["a", "b"]
    assert found["a"].address == "20.0.0.2"


async def test_a_list_of_one_group_removes_nothing_of_another(database: Database) -> None:
    await add_cluster(database)
    await keep(database, ADDRESSES, at(0), address("a"), address("b", "other"))
    await keep(database, ADDRESSES, at(5), address("c"), group="mc_g")
    assert sorted(await rows(database, "Network/publicIPAddresses")) == ["b", "c"]


async def test_more_than_one_batch_and_names_that_differ_in_case_only(database: Database) -> None:
    await add_cluster(database)
    many = [address(f"a{number}") for number in range(230)]
    await keep(database, ADDRESSES, at(0), *many, address("A7"))
    assert len(await rows(database, "Network/publicIPAddresses")) == 230


async def test_what_no_cluster_has_to_do_with_is_not_kept_but_for_addresses(database: Database) -> None:
    await add_cluster(database)
    foreign = SecurityGroup(**common("networkSecurityGroups", "n", "elsewhere"))
    await keep(database, "Microsoft.Network/networkSecurityGroups", at(0), foreign)
    await keep(database, ADDRESSES, at(0), address("a", "elsewhere", address="20.0.0.9"))
    assert await rows(database, "Network/networkSecurityGroups") == {}
    (kept,) = (await rows(database, "Network/publicIPAddresses")).values()
    assert kept.cluster_id is None


async def test_the_callers_own_network_and_addresses_belong_to_the_one_cluster_that_uses_them(
    database: Database,
) -> None:
    cluster = await add_cluster(database, node_resource_group="MC_g")
    network = common("virtualNetworks", "own", "mine")
    subnet = Subnet(f"{network['id']}/subnets/nodes", "nodes", security_group_id=common("x", "nsg", "mine")["id"])
    group = {**common("x", "nsg", "mine"), "name": "nsg"}
    await _add_pool(database, cluster, subnet.id)
    own = address("own", "mine", used_by="/f")

    owners = await keep(
        database,
        "Microsoft.Network/virtualNetworks",
        at(0),
        balancer(UID, public_ip_id=own.id),
        VirtualNetwork(**network, subnets=(subnet,)),
        own,
    )
    assert owners.of(found_of(SecurityGroup(**group))) == {cluster.id}
    for kind in ("Network/virtualNetworks", "Network/publicIPAddresses", "Network/loadBalancers"):
        assert {row.cluster_id for row in (await rows(database, kind)).values()} == {cluster.id}, kind

    other = await add_cluster(database, "green")
    await _add_pool(database, other, subnet.id.lower())
    await keep(database, "Microsoft.Network/virtualNetworks", at(1), VirtualNetwork(**network, subnets=(subnet,)))
    (shared,) = (await rows(database, "Network/virtualNetworks")).values()
    assert shared.cluster_id is None


async def _add_pool(database: Database, cluster: Cluster, subnet_id: str) -> None:
    pool = NodePool(
        id=new_id(Prefix.NODE_POOL),
        cluster_id=cluster.id,
        name="system",
        azure_name="system",
        state="ready",
        mode="System",
        os_type="Linux",
        vm_size="x",
        count=1,
        observed={"subnet_id": subnet_id},
        created_at=START,
        updated_at=START,
    )
    async with database.write() as session:
        session.add(pool)


async def test_a_tag_is_believed_only_of_a_cluster_that_lives_in_the_subscription(database: Database) -> None:
    cluster = await add_cluster(database)
    ours = owner_tags(project_id=cluster.project_id, cluster_id=cluster.id)
    lie = owner_tags(project_id=cluster.project_id, cluster_id="cls_of_nobody")
    await keep(database, ADDRESSES, at(0), address("a", "x", tags=ours), address("b", "x", tags=lie))
    found = await rows(database, "Network/publicIPAddresses")
    assert found["a"].cluster_id == cluster.id
    assert found["b"].cluster_id is None


async def test_a_job_may_write_what_it_has_just_read_and_forget_what_it_has_removed(database: Database) -> None:
    cluster = await add_cluster(database, node_resource_group="MC_g")
    whole = balancer(UID)
    async with database.write() as session:
        await keep_seen(session, SUBSCRIPTION, [whole, address("a", address="20.0.0.1")], at=at(1))
    async with database.write() as session:
        await keep_seen(session, SUBSCRIPTION, [address("a", address="20.0.0.0")], at=at(0))
    assert (await rows(database, "Network/publicIPAddresses"))["a"].address == "20.0.0.1"
    (frontend,) = (await rows(database, "Network/loadBalancers/frontendIPConfigurations")).values()
    assert frontend.cluster_id == cluster.id

    async with database.write() as session:
        await forget(session, [whole.id.upper()])
    assert await rows(database, "Network/loadBalancers") == {}
    assert await rows(database, "Network/loadBalancers/frontendIPConfigurations") == {}
    assert list(await rows(database, "Network/publicIPAddresses")) == ["a"]
