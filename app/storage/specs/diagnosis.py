"""The mount doctor: all that a mount needs, looked at at once, and the cause that fits what nodes say (trouble 67)."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import ErrorClass
from app.kubernetes.types.service import EventSeen
from app.kubernetes.types.volume import ClaimState, PersistentVolumeState
from app.storage.specs.claim_pending import Cluster, why_pending
from app.storage.specs.findings import Finding, Health, not_applicable, ok, problem, warning
from app.storage.specs.mount_errors import MountError, explain_mount, last_failure
from app.storage.specs.mount_path import MountPath, look_at_path
from app.storage.specs.volume_wanted import KEY

_BOUND = "Bound"
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class SecretSeen:
    """What the namespace's Secret is, without its key. `opens`: the name of the account's key that it holds."""

    name: str
    present: bool
    account: str | None = None
    opens: str | None = None
    active: str = "key1"


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod that mounts the claim."""

    name: str
    node: str | None
    ready: bool
    events: tuple[EventSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """All that was read about one volume. `twins`: other PersistentVolumes with its handle."""

    path: MountPath
    persistent_volume: str
    account: str
    claim: ClaimState | None = None
    volume: PersistentVolumeState | None = None
    secret: SecretSeen | None = None
    claim_events: tuple[EventSeen, ...] = ()
    twins: tuple[str, ...] = ()
    pods: tuple[PodSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, the likeliest cause first."""

    healthy: bool
    summary: str
    findings: tuple[Finding, ...]


def diagnose(mount: Mount) -> Diagnosis:
    """Look at all of it."""
    told = _told(mount.pods)
    found = [*_objects(mount), *_secret(mount), *look_at_path(mount.path), *_pods(mount, told)]
    order = told[1].checks if told and told[1] else ()
    rank = {check: number for number, check in enumerate(order)}
    found.sort(key=lambda each: (_WEIGHT[each.health], rank.get(each.check, len(order))))
    worst = [each for each in found if each.health is Health.PROBLEM]
    if not worst:
        warned = [each for each in found if each.health is Health.WARNING]
        said = f" {warned[0].detail}" if warned else ""
        return Diagnosis(True, f"Nothing keeps pods from mounting it.{said}", tuple(found))
    cause = next((each for each in worst if each.check != "pods"), worst[0])
    return Diagnosis(False, cause.detail, tuple(found))


_WEIGHT = {
    Health.PROBLEM: 0,
    Health.WARNING: 1,
    Health.UNKNOWN: 2,
    Health.OK: 3,
    Health.NOT_APPLICABLE: 4,
}


def _told(pods: Sequence[PodSeen]) -> tuple[EventSeen, MountError | None] | None:
    """What the kubelet said last of a pod that does not run yet."""
    for pod in pods:
        event = None if pod.ready else last_failure(pod.events)
        if event is not None:
            return event, explain_mount(event.message)
    return None


def _objects(mount: Mount) -> list[Finding]:
    claim, volume = mount.claim, mount.volume
    again = "Retry the job that made it, or delete the volume and make it again: the share keeps what is in it."
    found = []
    if claim is None:
        found.append(problem("claim", "claim_gone", "The claim is not in the cluster.", again, ErrorClass.GONE))
    elif claim.phase != _BOUND:
        why = why_pending(claim, mount.claim_events, Cluster((volume,) if volume else ()))
        found.append(problem("claim", why.code, why.detail, why.remedy or again))
    else:
        found.append(ok("claim", f"The claim {claim.namespace}/{claim.name} is bound."))
    if volume is None:
        detail = f"The PersistentVolume {mount.persistent_volume} is not in the cluster."
        found.append(problem("volume", "persistent_volume_gone", detail, again, ErrorClass.GONE))
    elif volume.deleting:
        found.append(warning("volume", "persistent_volume_leaving", "The PersistentVolume is being deleted."))
    elif volume.reclaim_policy != "Retain":
        detail = f"Its reclaim policy is {volume.reclaim_policy}: with the claim the share would go."
        found.append(warning("volume", "reclaim_policy", detail, "Set it to Retain: kubectl patch pv."))
    else:
        found.append(ok("volume", f"The PersistentVolume {volume.name} is {volume.phase}."))
    if mount.twins:
        detail = (
            f"Other PersistentVolumes have the same handle ({', '.join(mount.twins)}): the driver takes them for one."
        )
        remedy = "Give each its own `volumeHandle`: delete those, and make them anew."
        found.append(problem("handle", "handle_taken", detail, remedy, ErrorClass.CONFLICT))
    else:
        found.append(ok("handle", "No other PersistentVolume has its handle."))
    return found


def _secret(mount: Mount) -> list[Finding]:
    secret = mount.secret
    if secret is None:
        return [not_applicable("secret", "It is mounted without a key."), not_applicable("key", "It needs none.")]
    repair = "Have the key put there again: POST /v1/shares/{id}:repair-key, or retry the job that made the volume."
    if not secret.present:
        detail = f"The namespace has no Secret {secret.name}."
        return [problem("secret", "secret_missing", detail, repair, ErrorClass.GONE)]
    if secret.account != mount.account:
        detail = f"The Secret {secret.name} is for another account ({secret.account or 'none'}) than the share's."
        return [problem("secret", "secret_of_other_account", detail, repair)]
    found = [ok("secret", f"The Secret {secret.name} is there.")]
    if mount.path.auth != KEY or mount.path.account is None or not mount.path.account.shared_keys:
        return found
    if secret.opens is None:
        detail = f"The key in the Secret {secret.name} opens the account {mount.account} no more: it was turned."
        found.append(problem("key", "key_stale", detail, repair, ErrorClass.PERMISSION))
    elif secret.opens != secret.active:
        detail = f"The Secret holds {secret.opens}, and {secret.active} is the one that shall be held."
        found.append(warning("key", "key_behind", detail, repair))
    else:
        found.append(ok("key", f"The Secret holds the account's {secret.opens}."))
    return found


def _pods(mount: Mount, told: tuple[EventSeen, MountError | None] | None) -> list[Finding]:
    if not mount.pods:
        return [ok("pods", "No pod mounts it at the moment.")]
    if told is None:
        waiting = [pod.name for pod in mount.pods if not pod.ready]
        if not waiting:
            return [ok("pods", f"It is mounted by {', '.join(pod.name for pod in mount.pods)}.")]
        detail = f"Pods that mount it are not ready, and say nothing of a mount: {', '.join(waiting)}."
        return [warning("pods", "pods_not_ready", detail, "kubectl describe pod says why.")]
    event, meaning = told
    words = " ".join(event.message.split())[-_MOST_WORDS:]
    if meaning is None:
        return [problem("pods", "mount_failed", f"The pod {event.name} cannot mount it: {words}", "See the event.")]
    remedy = f"Look at: {', '.join(meaning.checks)}."
    return [problem("pods", meaning.code, f"The pod {event.name} cannot mount it: {meaning.detail}", remedy)]
