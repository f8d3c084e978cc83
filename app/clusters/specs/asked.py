"""What the steps of a job have noted of the changes that they asked of Azure. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from app.core.json import JsonObject
from app.jobs.specs import CHANGE, ENDED

# Commands in the cluster and its maintenance windows keep Azure from nothing.
_OPERATION = re.compile(
    r"/managedclusters/[^/]+(?:/agentpools/(?P<pool>[^/]+))?(?:/(?!runcommand$)[a-z]+)?$", re.IGNORECASE
)


def may_have_been_taken(notes: JsonObject | None) -> bool:
    """Whether Azure may have begun the change that a step has noted: it has not said no.

    A step notes what it is about to send. An error of Azure's own (5xx) says nothing of what was begun.
    """
    change = (notes or {}).get(CHANGE)
    # What was changed in the cluster itself is no operation of Azure's, and has no status.
    if change is None or "status" not in change or not change.get("sent", True):
        return False
    status = change["status"]
    return status is None or not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True, slots=True)
class Going:
    """An operation on a cluster, or on one of its pools, by Azure's name."""

    pool: str | None


def going(notes: Iterable[JsonObject | None]) -> Going | None:
    """The operation of a job's that may still go on in Azure; None where each has been seen to its end.

    `notes`: of the job's steps, the newest first. A job is alone at its cluster, so no older one goes on beside it.
    """
    for each in notes:
        if each is None:
            continue
        if each.get(ENDED):
            return None
        if may_have_been_taken(each):
            operation = _OPERATION.search(str(each[CHANGE].get("path")))
            if operation is not None:
                return Going(operation["pool"])
    return None
