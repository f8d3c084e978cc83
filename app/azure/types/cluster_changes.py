"""What shall hold of a cluster that is there, and what Azure has otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.azure.types.cluster_fields import Part
from app.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class WantedSettings:
    """Settings in the form of `ClusterSettings`, and tags; what they leave open is left to Azure.

    `resets`: dotted paths of settings that Azure shall have at its own default again. A tag of value None goes.
    `ssh_public_key`: the only one of the nodes' user, in OpenSSH's form; None: nothing is said of it.
    """

    settings: JsonObject
    resets: tuple[str, ...] = ()
    tags: Mapping[str, str | None] = field(default_factory=dict)
    ssh_public_key: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One member of the resource in which Azure differs from what is wanted; `wanted` None: it shall go.

    `ours`: the setting that says so. `path`: where it stands in Azure's JSON. `fixed`: Azure would refuse the change.
    """

    ours: str
    part: Part
    path: tuple[str, ...]
    wanted: object
    present: object
    fixed: bool = False
