"""One local Azure: its clock, its resources, its operations, its providers. Nothing is global."""

import asyncio
import contextlib
import logging
import random
import uuid
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.emulator.core.agenda import Action, Agenda
from app.emulator.core.clock import Clock, ManualClock
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Call
from app.emulator.core.faults import Faults
from app.emulator.core.log_tables import LogTables
from app.emulator.core.operations import Operation, Operations, Phase, new_operation_id
from app.emulator.core.paths import PathTable, key_of
from app.emulator.core.registry import Guard, Provider, Remover, Route, Transition
from app.emulator.core.request_log import RequestLog
from app.emulator.core.store import Store
from app.emulator.core.throttling import Buckets

logger = logging.getLogger(__name__)

KEEP_ENDED_OPERATIONS = timedelta(days=7)
LONGEST_NAP = timedelta(seconds=1)


@dataclass(frozen=True)
class CloudSettings:
    """What does not change while a local Azure runs."""

    tenant_id: str
    subscription_ids: tuple[str, ...]
    page_size: int = 250
    """Resources in one page of a list."""
    latency: bool = True
    """Whether one call takes its (scaled) time; tests with a manual clock want answers at once."""
    throttling: bool = True
    log_capacity: int = 20_000
    public_ip_limit: int = 1_000
    """Public addresses that a subscription may have in one region."""


@dataclass(frozen=True)
class Plan:
    """What an operation is going to do."""

    transition: str
    target: str
    """ARM id of what it works on."""
    location: str
    seconds: float
    """How long it takes in real Azure."""
    words: Sequence[tuple[float, str, str | None]] = ()
    """Progress: fraction of the time, AKS's word, effect or none."""


class Cloud:
    """What every handler gets."""

    def __init__(
        self, settings: CloudSettings, clock: Clock, providers: Sequence[Provider], *, speed: float, seed: int
    ) -> None:
        """Join the providers; `speed` divides every duration, `seed` decides every draw."""
        self.settings = settings
        self.clock = clock
        self.providers = {provider.namespace.lower(): provider for provider in providers}
        self.speed = speed
        self.seed = seed
        self.randomness = random.Random(seed)
        self.store = Store()
        self.operations = Operations()
        self.agenda = Agenda()
        self.buckets = Buckets()
        self.faults = Faults(random.Random(seed))
        self.log = RequestLog(settings.log_capacity)
        self.logs = LogTables()
        """What workspaces hold; a restart forgets it."""
        self.routes: PathTable[Route] = PathTable()
        self._transitions: dict[str, Transition] = {}
        self._removers: dict[str, Remover] = {}
        self._guards: dict[str, Guard] = {}
        self._settling = asyncio.Lock()
        self._wake = asyncio.Event()
        self.overrides: Document = {}
        """What `/_local/` has set of Azure itself: quotas, the newest node image. The state file holds it."""
        self.changes = 0
        """Rises with every step of an operation; with `store.version` it tells whether to save."""
        for provider in providers:
            for route in provider.routes:
                self.routes.add(route.method, route.template, route)
            self._transitions.update(provider.transitions)
            self._removers.update({kind.lower(): remover for kind, remover in provider.removers.items()})
            self._guards.update({kind.lower(): guard for kind, guard in provider.guards.items()})

    @property
    def version(self) -> int:
        """Changes whenever anything that the state file holds does."""
        return self.changes + self.store.version

    def now(self) -> datetime:
        """The present."""
        return self.clock.now()

    def scaled(self, seconds: float) -> timedelta:
        """A duration of real Azure at this speed."""
        return timedelta(seconds=seconds / self.speed)

    def guid(self) -> str:
        """A GUID that the seed decides."""
        return str(uuid.UUID(int=self.randomness.getrandbits(128), version=4))

    def remover(self, resource_type: str) -> Remover | None:
        """What removing a resource of this type takes, beyond forgetting it."""
        return self._removers.get(resource_type.lower())

    def guard(self, resource_type: str) -> Guard | None:
        """What keeps a resource of this type from being removed with its group."""
        return self._guards.get(resource_type.lower())

    def begin(self, call: Call, plan: Plan, *, arguments: Document | None = None) -> Operation:
        """Start an operation as `call` asks, bent by the fault that hit the call."""
        now = self.now()
        duration = self.scaled(plan.seconds)
        operation = Operation(
            id=new_operation_id(),
            name=call.operation,
            transition=plan.transition,
            subscription=call.parameter("subscription"),
            location=plan.location,
            target=key_of(plan.target),
            started=now,
            phases=[Phase(now + duration * part, word, effect) for part, word, effect in plan.words],
            ends=None if call.interference.stuck else now + duration,
            arguments=arguments or {},
            failure=call.interference.failure,
        )
        self.operations.add(operation)
        self.changes += 1
        self._wake.set()
        return operation

    def plan(self, key: Hashable, at: datetime, action: Action) -> None:
        """Let `action` happen at `at`, once, in place of what was planned under `key`."""
        self.agenda.set(key, at, action)
        self._wake.set()

    async def hurry(self, operation: Operation) -> None:
        """Let a running operation come to its end at once, unless it is stuck.

        For callers inside Azure that count its time as part of their own; to be called while settling.
        """
        while operation.running and operation.ends is not None:
            await self._step(operation, self.now())

    async def cancel(self, operation: Operation, status: str, error: Document | None) -> None:
        """End a running operation before its time, with its transition's `cancel`."""
        operation.end(status, at=self.now(), error=error)
        await self._transitions[operation.transition].cancel(self, operation)
        self.operations.settle(operation)
        self.changes += 1

    async def settle(self) -> None:
        """Let everything happen that is due."""
        async with self._settling:
            while await self._settle_next():  # noqa: ASYNC110 (nothing is waited for: others get their turn)
                # Many clusters that end at once must not keep requests waiting.
                await asyncio.sleep(0)

    async def _settle_next(self) -> bool:
        operation, planned, now = self.operations.next_due(), self.agenda.next_due(), self.now()
        if planned is not None and planned <= now and (operation is None or planned < operation[0]):
            await self._keep_appointment()
        elif operation is not None and operation[0] <= now:
            await self._step(operation[1], operation[0])
        else:
            return False
        return True

    async def _keep_appointment(self) -> None:
        appointment = self.agenda.take()
        try:
            await appointment.action(appointment.at)
        except Exception:
            # A defect of a provider ends what it does, not the local Azure.
            logger.exception("what was planned for %s broke", appointment.at)

    async def catch_up(self) -> None:
        """Before a request: with a manual clock, let all happen that is due; else `run` sees to it in time."""
        if isinstance(self.clock, ManualClock):
            await self.settle()

    async def _step(self, operation: Operation, at: datetime) -> None:
        self.changes += 1
        try:
            transition = self._transitions[operation.transition]
            if not operation.running:
                operation.recovers = None
                if self._may_recover(operation):
                    await transition.succeed(self, operation)
            elif operation.reached < len(operation.phases):
                phase = operation.phases[operation.reached]
                operation.reached += 1
                operation.status = phase.status
                if phase.effect is not None and transition.reach is not None:
                    await transition.reach(self, operation, phase.effect)
            elif operation.failure is not None:
                await transition.fail(self, operation)
                failure = operation.failure
                error = failure.error or {"code": failure.code, "message": failure.message}
                operation.end("Failed", at=at, error=error)
                if failure.recovers_after_seconds is not None:
                    operation.recovers = at + self.scaled(failure.recovers_after_seconds)
            else:
                await transition.succeed(self, operation)
                if operation.running:
                    operation.end("Succeeded", at=at)
        except AzureError as refused:
            # What Azure finds out only while it works: a quota, a name that is taken by now.
            operation.recovers = None
            await self._transitions[operation.transition].fail(self, operation)
            operation.end("Failed", at=at, error={"code": refused.code, "message": refused.message})
        except Exception:
            # A defect of a provider ends its operation, not the local Azure.
            logger.exception("operation %s (%s) broke", operation.id, operation.name)
            error = {"code": "InternalOperationError", "message": "An internal server error has occurred."}
            operation.recovers = None
            operation.end("Failed", at=at, error=error)
        self.operations.settle(operation)

    def _may_recover(self, operation: Operation) -> bool:
        """Not what was made anew under the same name since, and not what something else is changing."""
        resource = self.store.get(operation.target)
        if resource is None or resource.created > operation.started:
            return False
        return not self.operations.running_on(operation.target)

    def change_speed(self, speed: float) -> None:
        """Go on at another speed; what runs is stretched by it."""
        self.operations.rescale(self.now(), self.speed / speed)
        self.agenda.rescale(self.now(), self.speed / speed)
        self.speed = speed
        self.changes += 1
        self._wake.set()

    async def run(self) -> None:
        """Keep settling as time goes by, until cancelled."""
        while True:
            await self.settle()
            self.operations.forget_ended_before(self.now() - KEEP_ENDED_OPERATIONS)
            operation, planned = self.operations.next_due(), self.agenda.next_due()
            due = [moment for moment in (operation and operation[0], planned) if moment is not None]
            nap = min([LONGEST_NAP, *(moment - self.now() for moment in due)])
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, nap.total_seconds())):
                    await self._wake.wait()

    async def resume(self) -> None:
        """Tell every provider that the state is there."""
        for provider in self.providers.values():
            if provider.resume is not None:
                await provider.resume(self)

    async def close(self) -> None:
        """Tell every provider that the end is near."""
        for provider in self.providers.values():
            if provider.close is not None:
                await provider.close(self)

    async def reset(self) -> None:
        """Forget every resource, operation, fault, bucket and logged request."""
        async with self._settling:
            for resource in self.store:
                remover = self.remover(resource.type)
                if remover is not None:
                    await remover(self, resource)
            self.operations.clear()
            self.agenda.clear()
            self.store.clear()
            self.buckets.clear()
            self.faults.remove()
            self.log.clear()
            self.overrides.clear()
            self.logs.clear()
            self.changes += 1
