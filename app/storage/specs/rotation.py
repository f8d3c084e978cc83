"""How a rotation of an account's keys goes on: pure, from what the account's row keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.clusters.specs.wanted import Place
from app.core.clock import rfc3339
from app.core.json import JsonObject

_OTHER = {"key1": "key2", "key2": "key1"}


class Phase(StrEnum):
    """How far a rotation has come. Whatever it is, each Secret holds a key that opens the account."""

    TO_SPARE = "to_spare"
    """Secrets go to the spare key; the old one still opens the account."""
    BACK = "back"
    """The old key was made anew; Secrets go back to it, and the spare one still opens the account."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation as `storage_accounts.rotation` keeps it.

    `before`: the old key's fingerprint before it is replaced. `mounts`: what the outcome is to say of mounts.
    """

    job_id: str
    old: str
    spare: str
    phase: Phase
    started_at: datetime
    before: str | None = None
    mounts: JsonObject | None = None

    def as_json(self) -> JsonObject:
        """The column's form."""
        return {
            "job_id": self.job_id,
            "old": self.old,
            "spare": self.spare,
            "phase": str(self.phase),
            "started_at": rfc3339(self.started_at),
            "before": self.before,
            "mounts": self.mounts,
        }

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Rotation":
        """What `as_json` wrote."""
        return cls(
            job_id=stored["job_id"],
            old=stored["old"],
            spare=stored["spare"],
            phase=Phase(stored["phase"]),
            started_at=datetime.fromisoformat(stored["started_at"]),
            before=stored["before"],
            mounts=stored["mounts"],
        )


def begin_or_go_on(
    stored: JsonObject | None, *, active_key: str, job_id: str, retry_of: str | None, now: datetime
) -> Rotation:
    """The rotation that a job is to do.

    A repeated first step finds its own. A retry takes up what the job before it left. Any other job begins anew, since
    whoever asked wants a key that is made after that; where an earlier rotation was left in the middle, the keys keep
    their parts: from there, too, all Secrets go to the spare key before the old one is touched.
    """
    before = None if stored is None else Rotation.from_json(stored)
    if before is not None and before.job_id == job_id:
        return before
    if before is None or before.phase is Phase.DONE:
        return Rotation(job_id, active_key, _OTHER[active_key], Phase.TO_SPARE, now)
    if before.job_id == retry_of:
        return replace(before, job_id=job_id)
    return Rotation(job_id, before.old, before.spare, Phase.TO_SPARE, now)


def must_regenerate(rotation: Rotation, fingerprints: Mapping[str, str]) -> bool:
    """Whether the old key is still the one that it was; another one was made by a step whose answer was lost."""
    return rotation.phase is Phase.TO_SPARE and fingerprints.get(rotation.old) == rotation.before


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a Secret that opens the account lies, the claims that are mounted with it, and the shares behind them."""

    cluster: Place
    cluster_name: str
    namespace: str
    secret: str
    claims: tuple[str, ...]
    share_ids: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """The Secret itself: cluster, namespace, name."""
        return self.cluster.cluster_id, self.namespace, self.secret

    @property
    def words(self) -> str:
        """The Secret for a person."""
        return f"{self.namespace}/{self.secret} in {self.cluster_name}"
