"""What is collected of a run, from all sides. Invariants are functions of it and of nothing else."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.processes.wire import Sent
from tests.soak.history import History

Row = dict[str, Any]


@dataclass(frozen=True)
class Looked:
    """One look at the rows while the run went on: job states, and the clusters' versions and states."""

    at: datetime
    jobs: dict[str, str]
    clusters: dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

    process: str
    megabytes: float
    threads: int
    files: int


@dataclass
class Evidence:
    """All of it. `shown` is what the API said of living clusters before the last deletions, `azure_held` Azure then."""

    history: History
    looks: list[Looked] = field(default_factory=list)
    feeds: dict[int, list[str]] = field(default_factory=dict)
    """Ids of events as each tenant's reader saw them, by the index of the tenant."""
    projects: list[str] = field(default_factory=list)

    # Rows at the end.
    jobs: dict[str, Row] = field(default_factory=dict)
    steps: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    clusters: dict[str, Row] = field(default_factory=dict)
    exposures: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    credentials: list[Row] = field(default_factory=list)
    engine: dict[str, str] = field(default_factory=dict)
    """DBOS's status of each job."""

    # Azure.
    sent: list[Sent] = field(default_factory=list)
    azure_log: list[Row] = field(default_factory=list)
    azure_held: list[Row] = field(default_factory=list)
    azure_left: list[Row] = field(default_factory=list)
    sentinels: tuple[list[Row], list[Row]] = ([], [])
    throttles: list[Row] = field(default_factory=list)

    # Before the last deletions.
    shown: dict[str, Row] = field(default_factory=dict)
    wanted: dict[str, Row] = field(default_factory=dict)

    secrets: int = 0
    """How many Secrets that open an account there were then."""
    shut_secrets: list[str] = field(default_factory=list)

    # The machine.
    broken_rows: list[str] = field(default_factory=list)
    found_secrets: list[str] = field(default_factory=list)
    open_transactions: int = 0
    wal_bytes: int = 0
    footprints: list[Footprint] = field(default_factory=list)
    never_quiet: list[str] = field(default_factory=list)
    faults: dict[str, bool] = field(default_factory=dict)
    logs: str = ""

    def partition(self, job_id: str) -> str | None:
        """What a job holds while it runs."""
        job = self.jobs.get(job_id)
        return str(job["partition"]) if job else None

    def jobs_of(self, cluster_id: str) -> list[Row]:
        """A cluster's own jobs, in the order in which they were asked for."""
        mine = [job for job in self.jobs.values() if job["partition"] == f"cluster:{cluster_id}"]
        return sorted(mine, key=lambda job: str(job["id"]))
