"""The mount doctor: looks at a volume in its cluster and in Azure while a request waits."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, cast

from app.api.calls import Asking
from app.api.services import Services
from app.azure.gateway import AzureGateway
from app.azure.types.call import Call
from app.azure.types.storage import AccountKey
from app.clusters.live import log_in
from app.core.breaker import Breaker
from app.core.clock import Clock
from app.core.settings import AzureSettings
from app.kubernetes.client import ClusterClient
from app.kubernetes.gateway import KubernetesGateway
from app.kubernetes.types import Login
from app.storage.live.mount import read_path
from app.storage.service.diagnosis import Patient, patient_of
from app.storage.specs.diagnosis import Diagnosis, Mount, PodSeen, SecretSeen, diagnose
from app.storage.specs.mount_path import MountPath
from app.storage.specs.volume_objects import handle_of

_MOST_PODS = 20


@dataclass(slots=True)
class MountDoctor:
    """Reads what a mount needs, from the cluster and from Azure. Keys are compared, and forgotten at once."""

    azure: AzureGateway
    kubernetes: KubernetesGateway
    clock: Clock
    settings: AzureSettings
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.clock, name="Azure")

    async def look(self, patient: Patient) -> Diagnosis:
        """Look at all of it. Raises what the gateways raise, ClusterLostError, NotAnsweringError."""
        asked = patient.asked
        call = Call(deadline=self.clock.now() + timedelta(seconds=self.settings.request_timeout_seconds))

        async def ask() -> Login:
            return await log_in(self.azure, self.kubernetes, asked.place, call=call)

        async with self.breaker.guard(asked.account.subscription_id):
            path = await read_path(
                self.azure, asked.place, asked.account.subscription_id, asked.share, asked.wanted, call=call
            )
            keys = await self._keys(patient, path, call)
        async with self.kubernetes.client(asked.place.cluster_id, ask) as client:
            mount = await _mount(client, patient, path, keys)
        return diagnose(mount)

    async def _keys(self, patient: Patient, path: MountPath, call: Call) -> tuple[AccountKey, ...]:
        account = patient.asked.account
        if patient.asked.volume.secret is None or path.account is None or not path.account.shared_keys:
            return ()
        accounts = self.azure.subscription(account.subscription_id).storage.accounts
        return await accounts.keys(account.resource_group, account.name, call=call)


async def _mount(client: ClusterClient, patient: Patient, path: MountPath, keys: tuple[AccountKey, ...]) -> Mount:
    asked, volume = patient.asked, patient.asked.volume
    claim = await client.storage.claim(volume.namespace, volume.name)
    found = await client.storage.volumes()
    handle = handle_of(volume, asked.share)
    own = next((each for each in found if each.name == volume.persistent_volume), None)
    about = None if claim is None else claim.uid
    return Mount(
        path=path,
        persistent_volume=volume.persistent_volume,
        account=asked.account.name,
        claim=claim,
        volume=own,
        secret=await _secret(client, patient, keys),
        claim_events=await client.events_of("PersistentVolumeClaim", volume.namespace, volume.name, uid=about),
        twins=tuple(each.name for each in found if each.handle == handle and each is not own),
        pods=await _pods(client, patient),
    )


async def _secret(client: ClusterClient, patient: Patient, keys: tuple[AccountKey, ...]) -> SecretSeen | None:
    volume = patient.asked.volume
    if volume.secret is None:
        return None
    found = await client.storage.secret(volume.namespace, volume.secret)
    if found is None or found.deleting:
        return SecretSeen(volume.secret, present=False, active=patient.active_key)
    opens = next((key.name for key in keys if key.value.reveal() == found.key), None)
    return SecretSeen(volume.secret, present=True, account=found.account, opens=opens, active=patient.active_key)


async def _pods(client: ClusterClient, patient: Patient) -> tuple[PodSeen, ...]:
    volume = patient.asked.volume
    pods = (await client.pods.mounting(volume.namespace, [volume.name]))[:_MOST_PODS]
    events = await asyncio.gather(*(client.events_of("Pod", pod.namespace, pod.name, uid=pod.uid) for pod in pods))
    return tuple(PodSeen(pod.name, pod.node, pod.ready, told) for pod, told in zip(pods, events, strict=True))


class _Composed(Services, Protocol):
    @property
    def mount_doctor(self) -> MountDoctor: ...


async def diagnose_volume(call: Asking, cluster: str, volume: str) -> Diagnosis:
    """Look at a volume of the caller's. No transaction is open while the cluster and Azure are asked."""
    async with call.database.read() as session:
        patient = await patient_of(session, call.scope, cluster, volume)
    return await cast("_Composed", call.services).mount_doctor.look(patient)
