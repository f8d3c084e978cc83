"""The kinds of jobs about volumes and storage classes."""

from datetime import timedelta

from app.engine.kinds import JobKind

CREATE = JobKind(
    "volume.create",
    doing="Binding the volume {target}",
    done="The volume {target} is bound",
    deadline=timedelta(minutes=20),
    expected="volume_create",
    target_type="volume",
)
DELETE = JobKind(
    "volume.delete",
    doing="Removing the volume {target}",
    done="The volume {target} is removed",
    deadline=timedelta(minutes=20),
    expected="volume_delete",
    target_type="volume",
)
CREATE_CLASS = JobKind(
    "storage_class.create",
    doing="Making the storage class {target}",
    done="The storage class {target} is there",
    deadline=timedelta(minutes=10),
    expected="storage_class_create",
    target_type="cluster",
)
DELETE_CLASS = JobKind(
    "storage_class.delete",
    doing="Removing the storage class {target}",
    done="The storage class {target} is removed",
    deadline=timedelta(minutes=10),
    expected="storage_class_delete",
    target_type="cluster",
)
