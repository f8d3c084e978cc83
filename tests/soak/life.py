"""What clients ask of a cluster and its pools in its life: upgrades, pools, power, certificates, commands, its end."""

from collections.abc import Awaitable, Callable, Mapping

from tests.soak.made_with import ADMIN_GROUPS, CREW, SECRETS, SIZE, principal
from tests.soak.plan import Move

OTHER_SIZE = "Standard_D8s_v5"
POOL = "work"
DAY = 86_400
_HALF = 0.5

Ask = Callable[..., Awaitable[None]]
"""Sends one request: the verb, the method, what follows the cluster's path, and the body (None: a DELETE)."""
Nodes = Callable[[str], Awaitable[list[str]]]
"""The names of a pool's nodes, as far as the API shows any."""


class Life:
    """The verbs of `plan.LIFE` and `plan.MADE_FOR`, for one cluster."""

    def __init__(self, ask: Ask, nodes: Nodes) -> None:
        self._ask = ask
        self._nodes = nodes

    @property
    def verbs(self) -> Mapping[str, Callable[[Move], Awaitable[None]]]:
        """By name."""
        return {
            "patch": self._patch,
            "upgrade": self._upgrade,
            "pool_add": self._pool_add,
            "pool_patch": self._pool_patch,
            "pool_rotate": self._pool_rotate,
            "pool_delete": self._pool_delete,
            "power": self._power,
            "certify": self._certify,
            "reconcile": self._reconcile,
            "abort": self._abort,
            "command": self._command,
            "extend": self._extend,
            "reset": self._reset,
            "reset_principal": self._reset_principal,
            "machines": self._machines,
        }

    async def _patch(self, move: Move) -> None:
        """Two settings in one request: two calls of Azure's."""
        body = {"addons": {"keda": move.fraction < _HALF}, "upgrades": {"channel": "patch"}}
        await self._ask("patch", "PATCH", "", body)

    async def _upgrade(self, move: Move) -> None:
        """The version, or the nodes' images."""
        if move.fraction < _HALF:
            await self._ask("upgrade", "POST", ":upgrade", {"kubernetes_version": "latest"})
        else:
            await self._ask("upgrade", "POST", "/node-pools/system:upgrade", {"node_image": True})

    async def _pool_add(self, _move: Move) -> None:
        await self._ask("pool_add", "POST", "/node-pools", {"name": POOL, "size": SIZE, "count": 1})

    async def _pool_patch(self, move: Move) -> None:
        await self._ask("pool_patch", "PATCH", f"/node-pools/{POOL}", {"count": move.amount})

    async def _pool_rotate(self, move: Move) -> None:
        """There and back: each time to the size that it probably has not."""
        size = OTHER_SIZE if move.fraction < _HALF else SIZE
        await self._ask("pool_rotate", "POST", f"/node-pools/{POOL}:rotate", {"size": size})

    async def _pool_delete(self, _move: Move) -> None:
        await self._ask("pool_delete", "DELETE", f"/node-pools/{POOL}", None)

    async def _power(self, _move: Move) -> None:
        """Stopped, and started behind that."""
        await self._ask("stop", "POST", ":stop", {})
        await self._ask("start", "POST", ":start", {})

    async def _certify(self, _move: Move) -> None:
        await self._ask("certify", "POST", ":rotate-certificates", {})

    async def _reconcile(self, _move: Move) -> None:
        await self._ask("reconcile", "POST", ":reconcile", {})

    async def _abort(self, _move: Move) -> None:
        await self._ask("abort", "POST", ":abort", {})

    async def _command(self, _move: Move) -> None:
        await self._ask("command", "POST", ":run-command", {"command": "kubectl get nodes -o json"})

    async def _extend(self, move: Move) -> None:
        """An end a day from now, and another day."""
        await self._ask("ttl", "PATCH", "", {"ttl_seconds": DAY * move.amount})
        await self._ask("extend", "POST", ":extend", {"seconds": DAY})

    async def _reset(self, move: Move) -> None:
        """Other admins; where Entra was off it is on from then on."""
        entra = {"admin_group_ids": [ADMIN_GROUPS[move.fraction >= _HALF]]}
        await self._ask("reset", "POST", ":reset-aad", {"entra": entra})

    async def _reset_principal(self, move: Move) -> None:
        """Another application, whose secret the settings have."""
        body = {"service_principal": principal([*SECRETS][move.fraction >= _HALF])}
        await self._ask("reset_principal", "POST", ":reset-service-principal", body)

    async def _machines(self, move: Move) -> None:
        """One of those that are there; it may be gone by then."""
        if nodes := await self._nodes(CREW):
            machine = nodes[int(move.fraction * len(nodes))]
            await self._ask("machines", "POST", f"/node-pools/{CREW}:delete-machines", {"machines": [machine]})
