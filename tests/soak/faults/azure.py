"""Faults 1 to 10 (RELIABILITY §1.2): what Azure and its network do."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tests.soak.faults.fault import Fault

_PUT = "ManagedClusters_CreateOrUpdate"
_CHANGES = (_PUT, "ManagedClusters_Delete", "AgentPools_CreateOrUpdate")
_READS = ("ManagedClusters_Get", "ManagedClusters_List*", "ResourceGroups_Get", "AgentPools_Get")
_ANY = (*_READS, "ResourceGroups_*", "*")


_MORE_SECONDS = 5.0


class AzureFault(Fault):
    """Faults of the local Azure, by operation and count; lifted at the end."""

    kinds: ClassVar[Sequence[str]]
    operations: ClassVar[Sequence[str]] = _ANY
    changes: ClassVar[Sequence[str]] = _CHANGES
    most: ClassVar[int] = 4
    fields: ClassVar[Mapping[str, Any]] = {}

    async def begin(self) -> None:
        """Put two of the kind in force: one for a change of Azure, one for what else is asked."""
        operations = [self.rng.choice(each) for each in (self.changes, self.operations)]
        self.facts["ids"] = [
            self.stage.fleet.control.add_fault(
                self.rng.choice(self.kinds),
                operation=operation,
                count=self.rng.randint(1, self.most),
                **{name: self._choose(value) for name, value in self.fields.items()},
            )
            for operation in operations
        ]

    def _choose(self, value: Any) -> Any:
        return self.rng.choice(value) if isinstance(value, list) else value

    async def wait_until_fired(self) -> None:
        """Stay until a request has come that is meant."""
        until = time.monotonic() + _MORE_SECONDS
        met = False
        while not met and time.monotonic() < until:
            await asyncio.sleep(0.3)
            met = any(fault["hits"] for fault in self._mine())

    def _mine(self) -> list[dict[str, Any]]:
        ids = self.facts.get("ids", ())
        return [fault for fault in self.stage.fleet.control.faults() if fault["id"] in ids]

    async def end(self) -> None:
        """Lift them."""
        control, mine = self.stage.fleet.control, self._mine()
        self.facts["faults"] = [
            {name: fault[name] for name in ("kind", "operation", "hits", "retry_after")} for fault in mine
        ]
        self.fired = any(fault["hits"] for fault in mine)
        for fault in mine:
            control.lift_fault(fault["id"])


class Throttle(AzureFault):
    """1: 429 with Retry-After."""

    kinds = ("throttle",)
    fields: ClassVar[Mapping[str, Any]] = {"retry_after": [1, 2, 3]}


class ServerError(AzureFault):
    """2: 5xx, before the effect or after it."""

    kinds = ("error", "error_after")
    fields: ClassVar[Mapping[str, Any]] = {"status": [500, 502, 503, 504], "code": "InternalServerError"}


class HtmlBody(AzureFault):
    """3: a gateway's page."""

    kinds = ("html_502", "html_502_after")


class BrokenBody(AzureFault):
    """4: JSON that is none, or half of it."""

    kinds = ("malformed", "half_body")


class ResetBefore(AzureFault):
    """5: the connection breaks before the effect."""

    kinds = ("reset_before",)


class ResetAfter(AzureFault):
    """6: it breaks after the effect: it happened, and the caller hears an error."""

    kinds = ("reset_after",)


class NoAnswer(AzureFault):
    """7: it never answers."""

    kinds = ("hang_before", "hang_after")
    most = 2


class StuckOperation(AzureFault):
    """8: an operation never ends. What a caller does then: after a while, cancel its job."""

    kinds = ("stuck_operation",)
    operations = ("AgentPools_CreateOrUpdate",)
    changes = (_PUT,)
    most = 1


class FailedOperation(AzureFault):
    """9: an operation ends in Failed, with a code."""

    kinds = ("fail_operation",)
    operations = ("AgentPools_CreateOrUpdate",)
    changes = (_PUT,)
    fields: ClassVar[Mapping[str, Any]] = {"code": ["CreateVMSSAgentPoolFailed", "SubnetIsFull", "ReconcileVMSSFailed"]}


class TokenRefused(AzureFault):
    """10: no token is given out, and one that was given out ends in the middle of a job."""

    kinds = ("error",)
    operations = ("Identity_GetToken",)
    changes = ("ManagedClusters_Get", "ManagedClusters_List*", "AgentPools_Get")
    fields: ClassVar[Mapping[str, Any]] = {"status": 401, "code": "ExpiredAuthenticationToken"}
