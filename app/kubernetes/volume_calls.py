"""What Slipway asks of one cluster's API server about storage."""

from collections.abc import Mapping
from typing import TypeVar

from lightkube.core.resource import GlobalResource, NamespacedResource
from lightkube.resources.core_v1 import PersistentVolume, PersistentVolumeClaim, Secret
from lightkube.resources.storage_v1 import StorageClass

from app.kubernetes import volumes
from app.kubernetes.connection import Connection
from app.kubernetes.errors import (
    AdmissionDeniedError,
    NotInClusterError,
    ObjectChangedError,
    ObjectRefusedError,
)
from app.kubernetes.pods import Ask
from app.kubernetes.types.service import FIELD_MANAGER
from app.kubernetes.types.volume import (
    AccountSecretSpec,
    AccountSecretState,
    ClaimSpec,
    ClaimState,
    PersistentVolumeSpec,
    PersistentVolumeState,
    StorageClassSpec,
    StorageClassState,
)

N = TypeVar("N", bound=NamespacedResource)
G = TypeVar("G", bound=GlobalResource)

_PAGE = 500
_ALL = "*"
_CORE, _STORAGE = "/api/v1", "/apis/storage.k8s.io/v1"


class VolumeCalls:
    """Calls about storage; each raises what `ClusterClient`'s do. All changes are by server-side apply, as Slipway.

    What others have set stays; where a field belongs to another manager: FieldConflictError. The namespace is absent:
    NotInClusterError.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def secret(self, namespace: str, name: str) -> AccountSecretState | None:
        """One Secret with its key, or None. The key must not leave the step that reads it."""
        found = await self._one(Secret, name, namespace)
        return None if found is None else volumes.secret_state(found)

    async def secrets(self, labels: Mapping[str, str]) -> tuple[AccountSecretState, ...]:
        """All Secrets with these labels, by namespace and name."""
        found = [volumes.secret_state(each) for each in await self._all(Secret, labels)]
        return tuple(sorted(found, key=lambda each: (each.namespace, each.name)))

    async def apply_secret(
        self, spec: AccountSecretSpec, *, uid: str | None = None, take_over: bool = False
    ) -> AccountSecretState:
        """Make the Secret, or make it as `spec` says. `uid`: only where it is still there; else ObjectChangedError.

        `take_over`: a key that somebody else has put into it becomes Slipway's again.
        """

        async def ask(connection: Connection) -> Secret:
            body = volumes.secret_body(spec, uid=uid)
            return await connection.typed.apply(body, field_manager=FIELD_MANAGER, force=take_over)

        try:
            return volumes.secret_state(await self._ask(ask))
        except (ObjectRefusedError, AdmissionDeniedError) as error:
            # What refuses an object may quote it.
            raise type(error)(
                f"The cluster refuses the Secret {spec.name}. Its words are not passed on: they may quote the key."
            ) from None

    async def delete_secret(self, namespace: str, name: str, *, uid: str) -> bool:
        """Delete the Secret of this `uid`; False when there is none, or another one of its name."""
        return await self._delete(f"{_CORE}/namespaces/{namespace}/secrets/{name}", uid)

    async def volume(self, name: str) -> PersistentVolumeState | None:
        """One PersistentVolume, or None."""
        found = await self._one_of_all(PersistentVolume, name)
        return None if found is None else volumes.volume_state(found)

    async def volumes(self) -> tuple[PersistentVolumeState, ...]:
        """All PersistentVolumes, by name."""

        async def ask(connection: Connection) -> list[PersistentVolume]:
            return [each async for each in connection.typed.list(PersistentVolume, chunk_size=_PAGE)]

        found = [volumes.volume_state(each) for each in await self._ask(ask)]
        return tuple(sorted(found, key=lambda each: each.name))

    async def apply_volume(self, spec: PersistentVolumeSpec) -> PersistentVolumeState:
        """Make the PersistentVolume, or make it as `spec` says; its source and modes never change."""

        async def ask(connection: Connection) -> PersistentVolume:
            return await connection.typed.apply(volumes.volume_body(spec), field_manager=FIELD_MANAGER)

        return volumes.volume_state(await self._ask(ask))

    async def delete_volume(self, name: str, *, uid: str) -> bool:
        """Ask for the deletion of the PersistentVolume of this `uid`; a bound one stays until its claim is gone."""
        return await self._delete(f"{_CORE}/persistentvolumes/{name}", uid)

    async def claim(self, namespace: str, name: str) -> ClaimState | None:
        """One claim, or None."""
        found = await self._one(PersistentVolumeClaim, name, namespace)
        return None if found is None else volumes.claim_state(found)

    async def apply_claim(self, spec: ClaimSpec) -> ClaimState:
        """Make the claim, or make it as `spec` says."""

        async def ask(connection: Connection) -> PersistentVolumeClaim:
            return await connection.typed.apply(volumes.claim_body(spec), field_manager=FIELD_MANAGER)

        return volumes.claim_state(await self._ask(ask))

    async def delete_claim(self, namespace: str, name: str, *, uid: str) -> bool:
        """Ask for the deletion of the claim of this `uid`; it stays while pods use it."""
        return await self._delete(f"{_CORE}/namespaces/{namespace}/persistentvolumeclaims/{name}", uid)

    async def storage_class(self, name: str) -> StorageClassState | None:
        """One StorageClass, or None."""
        found = await self._one_of_all(StorageClass, name)
        return None if found is None else volumes.class_state(found)

    async def apply_class(self, spec: StorageClassSpec) -> StorageClassState:
        """Make the StorageClass. Of one that is there, parameters and provisioner never change."""

        async def ask(connection: Connection) -> StorageClass:
            return await connection.typed.apply(volumes.class_body(spec), field_manager=FIELD_MANAGER)

        return volumes.class_state(await self._ask(ask))

    async def delete_class(self, name: str, *, uid: str) -> bool:
        """Delete the StorageClass of this `uid`; what was made by it stays."""
        return await self._delete(f"{_STORAGE}/storageclasses/{name}", uid)

    async def _one(self, resource: type[N], name: str, namespace: str) -> N | None:
        async def ask(connection: Connection) -> N:
            return await connection.typed.get(resource, name, namespace=namespace)

        try:
            return await self._ask(ask)
        except NotInClusterError:
            return None

    async def _one_of_all(self, resource: type[G], name: str) -> G | None:
        async def ask(connection: Connection) -> G:
            return await connection.typed.get(resource, name)

        try:
            return await self._ask(ask)
        except NotInClusterError:
            return None

    async def _all(self, resource: type[N], labels: Mapping[str, str]) -> list[N]:
        async def ask(connection: Connection) -> list[N]:
            found = connection.typed.list(resource, namespace=_ALL, chunk_size=_PAGE, labels=dict(labels))
            return [each async for each in found]

        return await self._ask(ask)

    async def _delete(self, path: str, uid: str) -> bool:
        async def ask(connection: Connection) -> None:
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
            await connection.raw.request("DELETE", path, json=options)

        try:
            await self._ask(ask)
        except (NotInClusterError, ObjectChangedError):
            return False
        return True
