"""What somebody has changed of a cluster outside Slipway, as far as is watched: it is reported, never undone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.azure.types.tags import is_ours
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was asked for. `message` is a sentence."""

    reason: str
    message: str


def differences(cluster_id: str, observed: JsonObject, wanted: JsonObject) -> tuple[Difference, ...]:
    """Tags that were removed, pools that Slipway did not make, a version that is newer (scene 6)."""
    tags: Mapping[str, str] = observed.get("tags") or {}
    if not is_ours(tags, cluster_id):
        return (
            Difference(
                "OwnerTagsRemoved",
                "The tags by which Slipway knows its cluster were removed in Azure; until they are back it changes "
                "nothing of it.",
            ),
        )
    return (
        *_pools(observed.get("unmanaged_pools") or {}),
        *_tags(tags, wanted.get("tags") or {}),
        *_version(observed, wanted),
    )


def _pools(unmanaged: Iterable[str]) -> Iterable[Difference]:
    names = sorted(unmanaged)
    if len(names) == 1:
        yield Difference("UnmanagedNodePool", f"Slipway did not make the node pool {names[0]}, and leaves it alone.")
    elif names:
        listed = ", ".join(names)
        yield Difference("UnmanagedNodePool", f"Slipway did not make the node pools {listed}, and leaves them alone.")


def _tags(present: Mapping[str, str], wanted: Mapping[str, str]) -> Iterable[Difference]:
    there = {key.lower(): value for key, value in present.items()}
    changed = sorted(key for key, value in wanted.items() if there.get(key.lower()) != value)
    if changed:
        yield Difference("TagsChanged", f"Tags were changed or removed in Azure: {', '.join(changed)}.")


def _version(observed: JsonObject, wanted: JsonObject) -> Iterable[Difference]:
    running, asked = observed.get("current_kubernetes_version"), wanted.get("kubernetes_version")
    channel = ((wanted.get("settings") or {}).get("upgrades") or {}).get("channel")
    if not running or not asked or channel not in {None, "none"}:
        # With a channel Azure upgrades by itself: that is what was asked for.
        return
    have, want = _parts(running), _parts(asked)
    if want and have[: len(want)] > want:
        yield Difference("VersionNewer", f"It runs Kubernetes {running}, which is newer than {asked}, as asked for.")


def _parts(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
