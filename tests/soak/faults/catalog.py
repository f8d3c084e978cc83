"""All kinds of faults by name. The numbers are those of RELIABILITY §1.2."""

import random

from tests.soak.faults import azure, databases, processes
from tests.soak.faults.fault import Fault
from tests.soak.plan import FaultPlan
from tests.soak.stage import Stage

_EVERYWHERE: dict[str, type[Fault]] = {
    "01-throttle": azure.Throttle,
    "02-server-error": azure.ServerError,
    "03-html": azure.HtmlBody,
    "04-broken-body": azure.BrokenBody,
    "05-reset-before": azure.ResetBefore,
    "06-reset-after": azure.ResetAfter,
    "07-no-answer": azure.NoAnswer,
    "08-stuck-operation": azure.StuckOperation,
    "09-failed-operation": azure.FailedOperation,
    "10-token": azure.TokenRefused,
    "11-killed-worker": processes.KilledWorker,
    "12-killed-api": processes.KilledApi,
    "13-paused-worker": processes.PausedWorker,
    "14-drained-worker": processes.DrainedWorker,
    "24-client-leaves": processes.ClientLeaves,
}
_SQLITE: dict[str, type[Fault]] = {"16-full-disk": databases.FullDisk, "18-held-lock": databases.HeldWriterLock}
_POSTGRESQL: dict[str, type[Fault]] = {
    "19-restarted-server": databases.RestartedServer,
    "20-terminated-backends": databases.TerminatedBackends,
    "21-black-hole": databases.BlackHole,
    "22-lost-commit": databases.LostCommit,
    "23-too-many-connections": databases.TooManyConnections,
}


def kinds(database: str) -> dict[str, type[Fault]]:
    """The kinds that this database can have."""
    return _EVERYWHERE | (_SQLITE if database == "sqlite" else _POSTGRESQL)


def make(stage: Stage, plan: FaultPlan, database: str) -> Fault:
    """The fault of a plan."""
    return kinds(database)[plan.kind](stage, random.Random(plan.seed), plan.lasts)
