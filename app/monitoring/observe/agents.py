"""Keep what a cluster's reader sees of the monitoring agents, and turn the monitoring's state by it."""

from sqlalchemy import update

from app.core.clock import Clock
from app.db.engine import Database
from app.kubernetes.agents import only_agents
from app.kubernetes.types.seen import Seen
from app.models import ClusterReader
from app.monitoring.service.monitoring import living, seen_in
from app.monitoring.service.seen import turn
from app.monitoring.specs.reads import Seen as Known
from app.monitoring.specs.reads import agents_json


async def observe_agents(database: Database, clock: Clock, cluster_id: str, seen: Seen) -> None:
    """Write the agents' pods; where nodes or agents have changed, look what that makes of the monitoring."""
    if seen.agents is None and seen.nodes is None:
        return
    now = clock.now()
    async with database.write() as session:
        if seen.agents is not None:
            kept = agents_json(only_agents(seen.agents), now)
            await session.execute(
                update(ClusterReader).where(ClusterReader.cluster_id == cluster_id).values(agents=kept)
            )
        known = await living(session, cluster_id, lock=True)
        if known is None:
            return
        stored = await seen_in(session, cluster_id)
        # The nodes are written by the reader itself, a little later.
        nodes = stored.nodes if seen.nodes is None else seen.nodes
        await turn(session, known.row, known.workspace, Known(nodes, stored.agents, stored.agents_at), now)
