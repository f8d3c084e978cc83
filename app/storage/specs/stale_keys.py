"""Which Secrets open their account no more, and what is kept of that: pure, and never a key."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.clock import rfc3339
from app.core.json import JsonObject
from app.kubernetes.types.volume import AccountSecretState
from app.storage.specs.rotation import SecretPlace

# A repair that has failed is not begun again and again: what stands in its way is for a person.
_BETWEEN_REPAIRS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look into clusters has shown: Secrets that are stale, and clusters that did not answer."""

    stale: tuple[SecretPlace, ...]
    unseen: frozenset[str] = frozenset()


def stale_of(
    places: Collection[SecretPlace],
    secrets: Mapping[str, Collection[AccountSecretState] | None],
    *,
    account: str,
    keys: Collection[str],
) -> Looked:
    """The places whose Secret is there and holds neither of the account's keys.

    `secrets`: by cluster; None for one that did not answer. A Secret that is not there is no stale one.
    """
    stale: list[SecretPlace] = []
    for place in places:
        present = next((each for each in secrets.get(place.cluster.cluster_id) or () if _is(each, place)), None)
        if present is not None and not (present.account == account and present.key in keys):
            stale.append(place)
    unseen = {place.cluster.cluster_id for place in places if secrets.get(place.cluster.cluster_id) is None}
    return Looked(tuple(stale), frozenset(unseen))


def _is(secret: AccountSecretState, place: SecretPlace) -> bool:
    return (secret.namespace, secret.name, secret.deleting) == (place.namespace, place.secret, False)


def checked(stored: JsonObject | None, looked: Looked, *, now: datetime) -> JsonObject | None:
    """What `storage_accounts.key_check` keeps after a look; None where all Secrets open the account.

    Of a cluster that did not answer, the last word holds.
    """
    kept = [each for each in (stored or {}).get("stale", ()) if each["cluster_id"] in looked.unseen]
    stale = kept + [
        {
            "cluster_id": place.cluster.cluster_id,
            "namespace": place.namespace,
            "secret": place.secret,
            "words": place.words,
        }
        for place in looked.stale
    ]
    if not stale:
        return None
    if stored is None:
        return {"since": rfc3339(now), "stale": stale, "repair": None}
    return {**stored, "stale": stale}


def news(stored: JsonObject | None, looked: Looked) -> tuple[SecretPlace, ...]:
    """The stale places that were not known yet."""
    known = {(each["cluster_id"], each["namespace"], each["secret"]) for each in (stored or {}).get("stale", ())}
    return tuple(place for place in looked.stale if place.key not in known)


def may_repair(stored: JsonObject, *, now: datetime) -> bool:
    """Whether a repair may begin by itself: the first time, and then once an hour."""
    last = stored["repair"]
    return last is None or now - datetime.fromisoformat(last["at"]) >= _BETWEEN_REPAIRS
