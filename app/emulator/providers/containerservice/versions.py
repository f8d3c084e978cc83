"""Kubernetes versions that AKS offers, the ways from one to another, and how the offer changes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.emulator.core.acts import InvalidActError
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document

_FULL = re.compile(r"^\d+\.\d+\.\d+$")
_OVERRIDE = "kubernetes_versions"
LARGEST_SKEW = 3


def numbers(version: str) -> tuple[int, ...]:
    """`1.33.5` as numbers, to compare."""
    return tuple(int(part) for part in version.split("."))


def may_join(pool: str, control_plane: str) -> bool:
    """Whether nodes of one version may belong to a control plane of another: not newer, at most three minors older."""
    one, other = numbers(pool), numbers(control_plane)
    return one <= other and other[1] - one[1] <= LARGEST_SKEW


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


@dataclass(frozen=True)
class Offer:
    """What AKS has at a time: its minor versions, newest first."""

    minors: Sequence[Minor]

    def minor_of(self, version: str) -> Minor | None:
        """The minor version of `1.33` or `1.33.5`, none where it is not offered."""
        name = ".".join(version.split(".")[:2])
        return next((minor for minor in self.minors if minor.name == name), None)

    def resolve(self, version: str, *, there: Iterable[str] = ()) -> str | None:
        """The full version that AKS installs for `1.33` or `1.33.5`; none for what it does not offer.

        A minor that is `there` already stays at its patch: "Updating the cluster with the same <major.minor> once it
        has been created (e.g. 1.14.x -> 1.14) will not trigger an upgrade, even if a newer patch version is available"
        (the API's description of `kubernetesVersion` and `orchestratorVersion`).
        """
        for full in there:
            if version in {full, full.rpartition(".")[0]}:
                return full
        minor = self.minor_of(version)
        if minor is None:
            return None
        if _FULL.match(version):
            return version if version in minor.patches else None
        return minor.patches[0] if version == minor.name else None

    def upgrades_from(self, full: str) -> list[str]:
        """Where a control plane at `full` may go: newer patches, and the next minor version."""
        here = numbers(full)
        return [patch for patch in self._rising() if numbers(patch) > here and numbers(patch)[1] - here[1] <= 1]

    def pool_upgrades(self, pool: str, control_plane: str) -> list[str]:
        """Where a pool may go: anything newer that is not beyond the control plane."""
        return [patch for patch in self._rising() if numbers(pool) < numbers(patch) <= numbers(control_plane)]

    def _rising(self) -> list[str]:
        return [patch for minor in reversed(self.minors) for patch in reversed(minor.patches)]

    def is_preview(self, full: str) -> bool:
        """Whether a version is offered as a preview."""
        minor = self.minor_of(full)
        return minor is not None and minor.preview

    @property
    def general(self) -> list[str]:
        """The minor versions that are no previews."""
        return [minor.name for minor in self.minors if not minor.preview]

    @property
    def default(self) -> str:
        """What a cluster gets that names none."""
        return next((minor.name for minor in self.minors if minor.default), self.general[0])

    def listing(self) -> Document:
        """The body of `locations/{location}/kubernetesVersions`."""
        return {
            "values": [
                {
                    "version": minor.name,
                    "isDefault": minor.name == self.default,
                    "isPreview": minor.preview or None,
                    "capabilities": {
                        "supportPlan": [LONG_TERM] if minor.long_term_only else [KUBERNETES_OFFICIAL, LONG_TERM]
                    },
                    "patchVersions": {patch: {"upgrades": self.upgrades_from(patch)} for patch in minor.patches},
                }
                for minor in self.minors
            ]
        }

    def with_(self, full: str) -> "Offer":
        """With one version more, in its place."""
        minor = self.minor_of(full) or Minor(full.rpartition(".")[0], ())
        patches = sorted({*minor.patches, full}, key=numbers, reverse=True)
        others = [other for other in self.minors if other.name != minor.name]
        together = [*others, replace(minor, patches=tuple(patches))]
        return Offer(sorted(together, key=lambda each: numbers(each.name), reverse=True))

    def without(self, version: str) -> "Offer":
        """Without one version, or without a whole minor version."""
        left = (
            replace(minor, patches=tuple(patch for patch in minor.patches if patch != version))
            for minor in self.minors
            if minor.name != version
        )
        return Offer([minor for minor in left if minor.patches])


_USUAL = Offer(
    (
        Minor("1.35", ("1.35.0",), preview=True),
        Minor("1.34", ("1.34.1", "1.34.0")),
        Minor("1.33", ("1.33.5", "1.33.4", "1.33.3"), default=True),
        Minor("1.32", ("1.32.9", "1.32.8", "1.32.7")),
        Minor("1.31", ("1.31.13", "1.31.12")),
        Minor("1.30", ("1.30.14",), long_term_only=True),
    )
)


def offer_of(cloud: Cloud) -> Offer:
    """What AKS has now."""
    said = cloud.overrides.get(_OVERRIDE)
    return _USUAL if said is None else _changed(said)


async def change_versions(cloud: Cloud, document: Document) -> Document:
    """`{"offer": ["1.34.2", "1.36.0"], "retire": ["1.31"]}`: with and without these; `{}` for the usual ones.

    What runs a retired version goes on, and may be changed and upgraded.
    """
    said = {name: document.get(name) or [] for name in ("offer", "retire")}
    if not set(document) <= set(said) or not all(isinstance(each, list) for each in said.values()):
        raise InvalidActError("'offer' and 'retire' must be lists of versions")
    for version in said["offer"]:
        if not isinstance(version, str) or not _FULL.match(version):
            raise InvalidActError(f"'{version}' must be a version with its patch: 1.34.2")
    offer = _changed({**said, "retire": []})
    known = {name for minor in offer.minors for name in (minor.name, *minor.patches)}
    for version in said["retire"]:
        if version not in known:
            raise InvalidActError(f"'{version}' is not offered")
    if not _changed(said).general:
        raise InvalidActError("something must be left that is no preview")
    cloud.overrides[_OVERRIDE] = said
    cloud.changes += 1
    return said


def _changed(said: Document) -> Offer:
    offer = _USUAL
    for version in said["offer"]:
        offer = offer.with_(version)
    for version in said["retire"]:
        offer = offer.without(version)
    return offer
