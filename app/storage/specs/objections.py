"""Why a volume, or a class of volumes, cannot be."""

from app.core.objections import NotPossibleError


class VolumeNotPossibleError(NotPossibleError):
    """The cluster or Azure would refuse it, as they are now; `errors` names all that stands against it."""

    code = "volume_not_possible"
    title = "The volume is not possible as it was asked for"
