"""Clusters and exposures that tests of this slice begin with."""

from typing import Any

from sqlalchemy import select

from app.models import Cluster, Exposure, ExposureState, PublicIp, PublicIpState
from tests.support.rows import add_cluster_row
from tests.support.whole import Slipway

EXPOSURES = "/v1/clusters/blue/exposures"
WEB: dict[str, Any] = {"name": "web", "selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]}


async def add_cluster(slipway: Slipway, name: str = "blue", **fields: Any) -> Cluster:
    """A ready cluster's row, of the tenant's project."""
    parts = slipway.parts
    return await add_cluster_row(
        parts.database,
        slipway.tenant.id,
        name,
        subscription_id=slipway.azure.subscription_id,
        now=parts.clock.now(),
        **fields,
    )


async def add_exposure(slipway: Slipway, cluster: Cluster, name: str, **fields: Any) -> Exposure:
    """An exposure's row, as a job or a reader would have left it."""
    now = slipway.parts.clock.now()
    defaults: dict[str, Any] = {"namespace": "default", "managed": True, "state": ExposureState.READY}
    row = Exposure(
        id=fields.pop("id"),
        project_id=cluster.project_id,
        cluster_id=cluster.id,
        name=name,
        created_at=now,
        updated_at=now,
        **{**defaults, **fields},
    )
    async with slipway.parts.database.write() as session:
        session.add(row)
    return row


async def add_public_ip(slipway: Slipway, name: str, **fields: Any) -> PublicIp:
    """A reserved address's row."""
    now = slipway.parts.clock.now()
    defaults: dict[str, Any] = {
        "id": fields.pop("id"),
        "project_id": slipway.tenant.id,
        "azure_name": name,
        "subscription_id": slipway.azure.subscription_id,
        "resource_group": "addresses",
        "location": "westeurope",
        "managed": True,
        "state": PublicIpState.READY,
        "wanted": {},
        "created_by": "test",
        "created_at": now,
        "updated_at": now,
    }
    row = PublicIp(name=name, **{**defaults, **fields})
    async with slipway.parts.database.write() as session:
        session.add(row)
    return row


async def row_of(slipway: Slipway, exposure_id: str) -> Exposure:
    """An exposure's row as it is."""
    async with slipway.parts.database.read() as session:
        return (await session.scalars(select(Exposure).where(Exposure.id == exposure_id))).one()


def errors_of(answer: Any) -> list[tuple[str, str]]:
    """Codes and places of what an answer refuses."""
    return [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
