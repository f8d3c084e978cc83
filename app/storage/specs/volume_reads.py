"""A volume's row as callers see it."""

from app.core.json import JsonObject
from app.models import Volume
from app.storage.schemas.volumes import VolumeProblemRead, VolumeRead
from app.storage.specs.volume_objects import mount_options_of, pod_lines
from app.storage.specs.volume_wanted import WantedVolume


def volume_read(volume: Volume) -> VolumeRead:
    """A volume as callers see it."""
    wanted = WantedVolume.from_json(volume.wanted)
    observed: JsonObject = volume.observed or {}
    problem = observed.get("problem")
    return VolumeRead(
        id=volume.id,
        cluster_id=volume.cluster_id,
        namespace=volume.namespace,
        name=volume.name,
        state=volume.state,
        share_id=volume.share_id,
        persistent_volume=volume.persistent_volume,
        secret=volume.secret,
        access_modes=list(wanted.access_modes),
        read_only=wanted.read_only,
        subdirectory=wanted.subdirectory,
        mount_options=list(mount_options_of(wanted)),
        auth=wanted.auth,
        phase=observed.get("phase"),
        capacity=observed.get("capacity"),
        problem=None if problem is None else VolumeProblemRead(**problem),
        warnings=list(observed.get("warnings", [])),
        mounted_by=list(observed.get("mounted_by", [])),
        pod_yaml=pod_lines(volume.name, read_only=wanted.read_only),
        observed_at=volume.observed_at,
        created_by=volume.created_by,
        created_at=volume.created_at,
        updated_at=volume.updated_at,
        deleted_at=volume.deleted_at,
    )
