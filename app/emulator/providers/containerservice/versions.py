"""Kubernetes versions that AKS offers, and the ways from one to another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.emulator.core.documents import Document


@dataclass(frozen=True)
class Minor:
    """One minor version: its patches, newest first."""

    name: str
    patches: Sequence[str]
    default: bool = False
    preview: bool = False
    long_term_only: bool = False
    """Community support is over: only clusters of the premium tier with the plan for long-term support may have it."""


KUBERNETES_OFFICIAL, LONG_TERM = "KubernetesOfficial", "AKSLongTermSupport"
OFFERED: Sequence[Minor] = (
    Minor("1.35", ("1.35.0",), preview=True),
    Minor("1.34", ("1.34.1", "1.34.0")),
    Minor("1.33", ("1.33.5", "1.33.4", "1.33.3"), default=True),
    Minor("1.32", ("1.32.9", "1.32.8", "1.32.7")),
    Minor("1.31", ("1.31.13", "1.31.12")),
    Minor("1.30", ("1.30.14",), long_term_only=True),
)
DEFAULT = "1.33"
_BY_NAME: Mapping[str, Minor] = {minor.name: minor for minor in OFFERED}
_FULL = re.compile(r"^\d+\.\d+\.\d+$")
LARGEST_SKEW = 3


def resolve(version: str) -> str | None:
    """The full version that AKS installs for `1.33` or `1.33.5`; none for what it does not offer."""
    minor = _BY_NAME.get(".".join(version.split(".")[:2]))
    if minor is None:
        return None
    if _FULL.match(version):
        return version if version in minor.patches else None
    return minor.patches[0] if version == minor.name else None


def numbers(version: str) -> tuple[int, ...]:
    """`1.33.5` as numbers, to compare."""
    return tuple(int(part) for part in version.split("."))


def upgrades_from(full: str) -> list[str]:
    """Where a control plane at `full` may go: newer patches, and the next minor version."""
    here = numbers(full)
    return [
        patch
        for minor in reversed(OFFERED)
        for patch in reversed(minor.patches)
        if numbers(patch) > here and numbers(patch)[1] - here[1] <= 1
    ]


def pool_upgrades(pool: str, control_plane: str) -> list[str]:
    """Where a pool may go: anything newer that is not beyond the control plane."""
    return [
        patch
        for minor in reversed(OFFERED)
        for patch in reversed(minor.patches)
        if numbers(pool) < numbers(patch) <= numbers(control_plane)
    ]


def may_join(pool: str, control_plane: str) -> bool:
    """Whether nodes of one version may belong to a control plane of another: not newer, at most three minors older."""
    one, other = numbers(pool), numbers(control_plane)
    return one <= other and other[1] - one[1] <= LARGEST_SKEW


def minor_of(full: str) -> Minor:
    """The minor version of an offered one."""
    return _BY_NAME[".".join(full.split(".")[:2])]


def is_preview(full: str) -> bool:
    """Whether a version is offered as a preview."""
    return minor_of(full).preview


def listing() -> Document:
    """The body of `locations/{location}/kubernetesVersions`."""
    return {
        "values": [
            {
                "version": minor.name,
                "isDefault": minor.default,
                "isPreview": minor.preview or None,
                "capabilities": {
                    "supportPlan": [LONG_TERM] if minor.long_term_only else [KUBERNETES_OFFICIAL, LONG_TERM]
                },
                "patchVersions": {patch: {"upgrades": upgrades_from(patch)} for patch in minor.patches},
            }
            for minor in OFFERED
        ]
    }
