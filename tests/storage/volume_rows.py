"""Accounts, shares and volumes as rows."""

from typing import Any

from app.core.ids import Prefix, new_id
from app.models import Cluster, Share, StorageAccount, StorageState, Volume, VolumeState
from app.storage.specs.volume_wanted import WantedVolume
from tests.support.whole import Slipway

VOLUMES = "/v1/clusters/blue/volumes"


async def add_share(slipway: Slipway, name: str = "media", **fields: Any) -> Share:
    """A share that is ready, in an account of its own."""
    now = slipway.parts.clock.now()
    common: dict[str, Any] = {"created_by": "test", "created_at": now, "updated_at": now}
    project_id = fields.pop("project_id", slipway.tenant.id)
    account = StorageAccount(
        id=new_id(Prefix.STORAGE_ACCOUNT),
        project_id=project_id,
        name=fields.pop("account", f"acc{name}"),
        subscription_id=slipway.azure.subscription_id,
        resource_group=fields.pop("resource_group", "files"),
        location="westeurope",
        managed=True,
        state=StorageState.READY,
        wanted={},
        **common,
    )
    defaults: dict[str, Any] = {"protocol": "SMB", "quota_gib": 100, "state": StorageState.READY, "azure_name": name}
    share = Share(
        id=new_id(Prefix.SHARE),
        project_id=project_id,
        account_id=account.id,
        name=name,
        managed=True,
        wanted={},
        **common,
        **{**defaults, **fields},
    )
    async with slipway.parts.database.write() as session:
        session.add(account)
        await session.flush()
        session.add(share)
    return share


async def add_volume(slipway: Slipway, cluster: Cluster, share: Share, name: str = "data", **fields: Any) -> Volume:
    """A volume's row, as a job or a reader would have left it."""
    now = slipway.parts.clock.now()
    defaults: dict[str, Any] = {
        "namespace": "default",
        "state": VolumeState.BOUND,
        "wanted": WantedVolume().as_json(),
        "persistent_volume": f"slipway-default-{name}",
        "secret": "slipway-acc",
    }
    row = Volume(
        id=new_id(Prefix.VOLUME),
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        share_id=share.id,
        name=name,
        created_by="test",
        created_at=now,
        updated_at=now,
        **{**defaults, **fields},
    )
    async with slipway.parts.database.write() as session:
        session.add(row)
    return row


async def volume_row(slipway: Slipway, volume_id: str) -> Volume:
    """A volume's row as it is."""
    async with slipway.parts.database.read() as session:
        return await session.get_one(Volume, volume_id)
