"""Which volume of which share, in which cluster: what jobs and the mount doctor are given."""

from dataclasses import dataclass

from app.clusters.specs.wanted import Place, place_of
from app.models import Cluster, Share, StorageAccount, Volume
from app.storage.specs.volume_objects import ShareAt, VolumeAt, secret_name
from app.storage.specs.volume_wanted import KEY, WantedVolume


@dataclass(frozen=True, slots=True)
class AccountAt:
    """The account that the share lies in."""

    id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which volume of which share, in which cluster."""

    place: Place
    location: str
    volume: VolumeAt
    wanted: WantedVolume
    share_id: str
    share: ShareAt
    account: AccountAt

    @property
    def key(self) -> str:
        """The claim, as Kubernetes writes it."""
        return f"{self.volume.namespace}/{self.volume.name}"


def asked(volume: Volume, share: Share, account: StorageAccount, cluster: Cluster) -> Asked:
    """As the rows say it."""
    wanted = WantedVolume.from_json(volume.wanted)
    return Asked(
        place=place_of(cluster),
        location=cluster.location,
        volume=VolumeAt(
            volume_id=volume.id,
            namespace=volume.namespace,
            name=volume.name,
            persistent_volume=volume.persistent_volume,
            secret=secret_name(account.name) if wanted.auth == KEY else None,
        ),
        wanted=wanted,
        share_id=share.id,
        share=ShareAt(
            resource_group=account.resource_group,
            account=account.name,
            share=share.azure_name,
            quota_gib=share.quota_gib,
            file_endpoint=(account.observed or {}).get("file_endpoint"),
        ),
        account=AccountAt(account.id, account.name, account.subscription_id, account.resource_group, account.location),
    )
