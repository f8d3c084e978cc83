"""What a row keeps of what a cluster's reader sees of storage: `cluster_readers.storage`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from pydantic import TypeAdapter

from app.core.json import JsonObject
from app.kubernetes.types.seen import Seen
from app.kubernetes.types.service import EventSeen
from app.kubernetes.types.volume import ClaimState, PersistentVolumeState, StorageClassState

_MOST = 5_000
_MOST_SAID = 5
_BOUND = "Bound"
CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True, slots=True)
class StorageSeen:
    """All claims, PersistentVolumes and classes of a cluster, and what its events say of claims that are not bound.

    None: not seen yet. `said` by the claim's uid, oldest first.
    """

    claims: tuple[ClaimState, ...] | None = None
    volumes: tuple[PersistentVolumeState, ...] | None = None
    classes: tuple[StorageClassState, ...] | None = None
    said: Mapping[str, tuple[EventSeen, ...]] = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        """The column's form."""
        return cast("JsonObject", _ADAPTER.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, stored: JsonObject | None) -> "StorageSeen":
        """What `as_json` wrote."""
        return cls() if stored is None else _ADAPTER.validate_python(stored)

    def events_of(self, claim: ClaimState) -> tuple[EventSeen, ...]:
        """What is said of a claim."""
        return self.said.get(claim.uid, ())


_ADAPTER = TypeAdapter(StorageSeen)


def has_storage(seen: Seen) -> bool:
    """Whether a reader has seen anything of storage."""
    told = any(event.kind == CLAIM for event in seen.events)
    return told or any(part is not None for part in (seen.claims, seen.volumes, seen.classes))


def with_news(before: StorageSeen, seen: Seen) -> StorageSeen:
    """What is kept after this was seen; what was not seen anew stays."""
    after = replace(
        before,
        claims=before.claims if seen.claims is None else seen.claims[:_MOST],
        volumes=before.volumes if seen.volumes is None else seen.volumes[:_MOST],
        classes=before.classes if seen.classes is None else seen.classes[:_MOST],
    )
    return replace(after, said=_said(before.said, seen.events, after.claims))


def _said(
    before: Mapping[str, tuple[EventSeen, ...]], events: Iterable[EventSeen], claims: Sequence[ClaimState] | None
) -> dict[str, tuple[EventSeen, ...]]:
    """The last few events of each claim that is there and not bound."""
    said = {uid: list(told) for uid, told in before.items()}
    for event in events:
        if event.kind == CLAIM:
            known = said.setdefault(event.uid, [])
            known[:] = [each for each in known if (each.reason, each.message) != (event.reason, event.message)]
            known.append(event)
    # Events may come before the claim that they are about.
    open_ones = None if claims is None else {claim.uid: claim for claim in claims}
    return {
        uid: tuple(told[-_MOST_SAID:])
        for uid, told in said.items()
        if told and (open_ones is None or (uid in open_ones and open_ones[uid].phase != _BOUND))
    }
