"""What a node pool's state leaves to be asked of it: the same for every request that names one."""

from app.core.errors import ConflictError, FieldError
from app.models import NodePool, NodePoolState


class PoolLeavingError(ConflictError):
    """The pool is being deleted."""

    code = "node_pool_deleting"


class PoolStoppedError(ConflictError):
    """The pool is stopped: it can be started or deleted, and nothing else."""

    code = "node_pool_stopped"
    remedy = "Start it: POST /v1/clusters/{id}/node-pools/{pool}:start. Then ask again."


def require_staying(row: NodePool, *, running: bool = False, pointer: str | None = None) -> None:
    """Raise PoolLeavingError where the pool is going; with `running`, PoolStoppedError where it is stopped.

    `pointer`: where the request names the pool, if that is in its body.
    """
    if row.state == NodePoolState.DELETING:
        raise PoolLeavingError(
            "The node pool is being deleted.", errors=_named(pointer, PoolLeavingError.code, f"{row.name} is to go.")
        )
    if running and row.state in {NodePoolState.STOPPED, NodePoolState.STOPPING}:
        words = f"The node pool is {row.state}."
        raise PoolStoppedError(words, errors=_named(pointer, PoolStoppedError.code, f"{row.name} is {row.state}."))


def _named(pointer: str | None, code: str, detail: str) -> list[FieldError]:
    return [] if pointer is None else [FieldError(code, pointer, detail)]
