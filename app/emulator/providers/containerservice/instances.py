"""Which machines a pool has, and what each of them runs; kept in the pool's internals, known by number for ever."""

from app.emulator.core.documents import Document
from app.emulator.core.store import Resource

MACHINES, NEXT, IMAGE = "machines", "next_instance", "wanted_image"
AWAY = "away"
"""Of a machine that is being made anew: no node meanwhile."""
QUARANTINED = "quarantined"
"""Of a machine whose node could not be drained, and which an upgrade left as it was."""
EVICTED = "evicted"
"""Of a spot machine that Azure has taken back and only deallocated: its node is there, and not Ready."""
SURGE = "surge"
"""Of a machine that is there for the time of an upgrade."""


def machines_of(pool: Resource) -> dict[str, Document]:
    """The machines by number, in the order in which they came."""
    known: dict[str, Document] | None = pool.internal.get(MACHINES)
    if known is None:
        known = pool.internal[MACHINES] = {}
    return known


def instances_of(pool: Resource) -> list[int]:
    """The numbers of the machines."""
    return [int(number) for number in machines_of(pool)]


def nodes_of(pool: Resource) -> list[int]:
    """The numbers of the machines that are nodes of the cluster now."""
    return [int(number) for number, machine in machines_of(pool).items() if not machine.get(AWAY)]


def add_machines(pool: Resource, count: int, *, version: str, image: str, surge: bool = False) -> list[int]:
    """More machines, with numbers that none ever had."""
    first = pool.internal.get(NEXT, 0)
    numbers = list(range(first, first + count))
    for number in numbers:
        machines_of(pool)[str(number)] = {"version": version, "image": image, **({SURGE: True} if surge else {})}
    pool.internal[NEXT] = first + count
    return numbers


def healthy(pool: Resource) -> list[str]:
    """The machines that are not in quarantine: those that a pool's count counts."""
    return [number for number, machine in machines_of(pool).items() if not machine.get(QUARANTINED)]


def leaving(pool: Resource, count: int) -> list[int]:
    """The machines that go when `count` shall be left: the youngest first."""
    known = healthy(pool)
    return [int(number) for number in sorted(known, key=int, reverse=True)[: max(0, len(known) - count)]]


def rebuild(pool: Resource, number: int, *, version: str, image: str) -> None:
    """Let a machine be made anew, with this version and image."""
    machines_of(pool)[str(number)] = {"version": version, "image": image}


def target(pool: Resource) -> tuple[str, str]:
    """The version and the image that the machines shall run."""
    return pool.internal["wanted_version"], pool.internal.get(IMAGE) or pool.body["properties"]["nodeImageVersion"]


def settle(pool: Resource) -> None:
    """As many machines as the pool says, all of its version and image but those in quarantine."""
    properties, machines = pool.body["properties"], machines_of(pool)
    version, image = target(pool)
    for gone in leaving(pool, properties["count"]):
        del machines[str(gone)]
    add_machines(pool, properties["count"] - len(healthy(pool)), version=version, image=image)
    for number in healthy(pool):
        evicted = {EVICTED: True} if machines[number].get(EVICTED) else {}
        machines[number] = {"version": version, "image": image, **evicted}
    properties["currentOrchestratorVersion"], properties["nodeImageVersion"] = version, image
    pool.internal.pop(IMAGE, None)


def tidy(pool: Resource) -> None:
    """After an operation that did not end well: what it took away is back as it was, what it brought is gone."""
    for number, machine in list(machines_of(pool).items()):
        machine.pop(AWAY, None)
        if machine.get(SURGE):
            del machines_of(pool)[number]
