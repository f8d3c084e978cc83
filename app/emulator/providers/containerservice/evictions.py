"""Azure takes spot machines back: by the pool's policy they are gone, or stopped where they are.

https://learn.microsoft.com/azure/aks/spot-node-pool
"""

from app.emulator.core.acts import InvalidActError
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.providers.containerservice.instances import EVICTED, machines_of
from app.emulator.providers.containerservice.names import POOL_TYPE
from app.emulator.providers.containerservice.scale_sets import make_scale_set, set_power
from app.emulator.providers.containerservice.transitions import Transitions


async def evict(transitions: Transitions, cloud: Cloud, document: Document) -> Document:
    """`{"pool": ARM id, "count": 1}`: so many machines, the oldest first; the pool's own count stays as it is."""
    pool = cloud.store.get(str(document.get("pool") or "/"))
    cluster = None if pool is None else cloud.store.get(pool.id.rsplit("/agentPools/", 1)[0])
    if pool is None or pool.type != POOL_TYPE or cluster is None:
        raise InvalidActError("'pool' must be the ARM id of a node pool that is there")
    if pool.body["properties"].get("scaleSetPriority") != "Spot":
        raise InvalidActError("only machines of a spot pool are evicted")
    count = document.get("count", 1)
    if type(count) is not int or count < 1:
        raise InvalidActError("'count' must be a number from 1")
    machines = machines_of(pool)
    evicted = [number for number, machine in machines.items() if not machine.get(EVICTED)][:count]
    deallocates = pool.body["properties"].get("scaleSetEvictionPolicy") == "Deallocate"
    for number in evicted:
        if deallocates:
            machines[number][EVICTED] = True
        else:
            del machines[number]
    make_scale_set(cloud, cluster, pool)
    if deallocates:
        set_power(cloud, cluster, [pool], "deallocated", numbers=evicted)
    cloud.store.touch(pool)
    await transitions.show_nodes(cloud, cluster)
    return {"evicted": len(evicted)}
