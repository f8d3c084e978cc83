"""What a rotation that did not succeed has left, and how to go on. Pure."""

from collections.abc import Mapping

from app.core.json import JsonObject
from app.models import StepState

_DONE = StepState.SUCCEEDED


def rotation_left(steps: Mapping[str, str], new: str) -> JsonObject:
    """`old_pool`: untouched, serving (as before), held (cordoned, its autoscaler off) or leaving; `next`: what to do.

    `steps`: the states of the job's steps by name; `new`: our name of the pool that was to take the old one's place.
    """
    if steps.get("delete_old_pool") == _DONE:
        return _left("leaving", new, "Azure was asked to remove the old pool: `:retry` the job, which goes on.")
    if steps.get("restore_old_pool") == _DONE:
        return _left("serving", new, _EITHER.format(new=new))
    if "end_old_autoscaling" in steps:
        held = "The old pool's nodes may be cordoned and its autoscaler off: `kubectl uncordon` them, or "
        return _left("held", new, held + "`:retry` the job, which goes on.")
    return _left("untouched", new, _EITHER.format(new=new))


_EITHER = "`:retry` the job, which goes on; or delete the pool {new} to give the rotation up."


def _left(old_pool: str, new: str, words: str) -> JsonObject:
    return {"old_pool": old_pool, "new_pool": new, "next": words}
