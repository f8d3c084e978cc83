"""Lives of clusters that are stopped and started, or changed as a whole, and of their pools."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.azure.types.call import Call
from app.clusters.service.start import asker_for
from app.clusters.specs.kinds import SCALE
from app.clusters.specs.lending import Loan
from app.jobs.schemas import RunOptions
from app.models import Cluster, Job
from app.node_pools.observe.loans import Due, act_on_loans
from app.node_pools.observe.tries import REQUESTED_BY
from app.node_pools.service.pools import find_pool
from app.node_pools.service.power import replace_machines
from tests.clusters.azure_by_itself import act
from tests.crashes.lives import Life, Scenario
from tests.crashes.pool_lives import POOL_SIZE
from tests.support.vaults import delete_group, make_vault, put_secret, secret_id


async def stopped_cluster(life: Life, kinds: frozenset[str]) -> None:
    """A cluster that is stopped, and runs again before it goes."""
    await life.create()
    own = f"/v1/clusters/{life.name}"
    if kinds & {"cluster.stop", "cluster.start"}:
        await life.job("POST", f"{own}:stop")
        await life.job("POST", f"{own}:start")
    await life.delete()


async def aborted_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """What goes on in it is aborted; nothing does."""
    await life.create()
    await life.job("POST", f"/v1/clusters/{life.name}:abort")
    await life.delete()


async def rotated_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """Its certificates are replaced."""
    await life.create()
    await life.job("POST", f"/v1/clusters/{life.name}:rotate-certificates")
    await life.delete()


async def switched_pool(life: Life, kinds: frozenset[str]) -> None:
    """A pool that is stopped and started, and loses a machine."""
    await life.create()
    pools = f"/v1/clusters/{life.name}/node-pools"
    await life.job("POST", pools, {"name": "workers", "size": POOL_SIZE, "count": 2})
    if kinds & {"node_pool.stop", "node_pool.start"}:
        await life.job("POST", f"{pools}/workers:stop")
        await life.job("POST", f"{pools}/workers:start")
    if "node_pool.delete_machines" in kinds:
        await life.job("POST", f"{pools}/workers:delete-machines", {"machines": [await _machine(life)]})
    await life.delete()


async def evicted_pool(life: Life, kinds: frozenset[str]) -> None:
    """A spot pool whose machine Azure takes back: the observer's job removes it and brings another."""
    await life.create()
    spot = {"eviction_policy": "Deallocate", "on_eviction": "replace"}
    await life.job(
        "POST", f"/v1/clusters/{life.name}/node-pools", {"name": "cheap", "size": POOL_SIZE, "count": 2, "spot": spot}
    )
    if "node_pool.replace_machines" in kinds:
        machine = await _machine(life, "cheap")
        shown = (await life.slipway.ask("GET", f"/v1/clusters/{life.name}", key=life.tenant.admin)).json()
        act(life.slipway, "evict", pool=f"{shown['observed']['azure_id']}/agentPools/cheap", count=1)
        await life.end(await _replace(life, shown["id"], machine))
    await life.delete()


async def _replace(life: Life, cluster_id: str, machine: str) -> str:
    """Begin what the observer begins; no reader is at work here, by whose word it would."""
    parts = life.slipway.parts

    async def begin(session: AsyncSession) -> Job:
        cluster = await session.get_one(Cluster, cluster_id)
        row = await find_pool(session, cluster, "cheap")
        asker = await asker_for(session, parts.jobs.queue, life.tenant.id, REQUESTED_BY, parts.clock.now())
        options = RunOptions().model_dump(mode="json")
        return await replace_machines(session, asker, cluster, row, machines=[machine], options=options)

    job = await parts.database.transaction(begin)
    life.jobs[job.kind] = job.id
    return job.id


async def lending_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """A pool that lends a spot pool a node, by a job of the observer's."""
    await life.create()
    pools = f"/v1/clusters/{life.name}/node-pools"
    await life.job("POST", pools, {"name": "steady", "size": POOL_SIZE, "count": 1})
    spot = {"fallback_pool": "steady"}
    await life.job("POST", pools, {"name": "cheap", "size": POOL_SIZE, "count": 1, "spot": spot})
    shown = (await life.slipway.ask("GET", f"/v1/clusters/{life.name}", key=life.tenant.admin)).json()
    ended = await life.end(await _lend(life, shown["id"], Loan("steady", "cheap", None, 1)))
    assert (ended["outcome"]["count"], ended["outcome"]["lent"]) == (2, {"to": "cheap", "count": 1}), ended
    await life.delete()


async def _lend(life: Life, cluster_id: str, loan: Loan) -> str:
    """Begin what the observer begins; no reader is at work here, by whose word it would."""
    parts = life.slipway.parts

    async def begin(session: AsyncSession) -> str:
        cluster = await session.get_one(Cluster, cluster_id)
        row = await find_pool(session, cluster, loan.name)
        asker = await asker_for(session, parts.jobs.queue, life.tenant.id, REQUESTED_BY, parts.clock.now())
        await act_on_loans(session, asker, cluster, [Due(row, loan)])
        asked = select(Job.id).where(Job.target_id == cluster_id, Job.kind == SCALE.name)
        return (await session.scalars(asked)).one()

    life.jobs[SCALE.name] = await parts.database.transaction(begin)
    return life.jobs[SCALE.name]


async def commanded_cluster(life: Life, kinds: frozenset[str]) -> None:
    """A command that runs in it, and another way to log in to it."""
    entra = {"admin_group_ids": ["6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5f"]}
    await life.create(access={"entra": entra})
    own = f"/v1/clusters/{life.name}"
    if "cluster.run_command" in kinds:
        await life.job("POST", f"{own}:run-command", {"command": "kubectl get nodes -o json"})
    if "cluster.reset_aad" in kinds:
        await life.job("POST", f"{own}:reset-aad", {"entra": {**entra, "azure_rbac": True}})
    await life.delete()


async def principal_cluster(life: Life, _kinds: frozenset[str]) -> None:
    """It acts as an application of Entra's, and then as another."""
    azure, vault = life.slipway.azure, f"v-{life.name}"
    make_vault(azure, vault, group=vault)
    put_secret(azure, "in-the-vault", vault=vault)
    secret = {"key_vault_secret_id": secret_id(vault)}
    first, second = ({"client_id": f"6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e5{n}", "secret": secret} for n in range(2))
    await life.create(identity={"type": "ServicePrincipal", "service_principal": first})
    await life.job("POST", f"/v1/clusters/{life.name}:reset-service-principal", {"service_principal": second})
    await life.delete()
    delete_group(azure, vault)


async def _machine(life: Life, pool: str = "workers") -> str:
    parts = life.slipway.parts
    shown = (await life.slipway.ask("GET", f"/v1/clusters/{life.name}", key=life.tenant.admin)).json()
    pools = parts.gateways.azure.subscription(shown["subscription_id"]).agent_pools
    call = Call(deadline=parts.clock.now() + timedelta(minutes=1))
    return (await pools.machines(shown["resource_group"], life.name, pool, call=call))[0]


POWER_SCENARIOS = (
    Scenario("stopped", stopped_cluster),
    Scenario("aborted", aborted_cluster),
    Scenario("certified", rotated_cluster),
    Scenario("switched", switched_pool),
    Scenario("evicted", evicted_pool),
    Scenario("lending", lending_cluster),
    Scenario("commanded", commanded_cluster),
    Scenario("principal", principal_cluster),
)
