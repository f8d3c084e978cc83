"""Trouble 56, for exposures: rights of the cluster's identity that its controller would miss later, and not tell."""

from app.clusters.workflow.await_azure import require_ours
from app.core.errors import ErrorClass
from app.core.objections import Objection
from app.jobs.workflow import Cloud
from app.load_balancers.specs.pieces import Network, network_id_of
from app.load_balancers.workflow.exposure_plan import Asked
from app.load_balancers.workflow.rights import (
    Need,
    RightMissingError,
    missing_right,
    needs_of_address,
    needs_of_subnet,
)


async def missing_rights(cloud: Cloud, asked: Asked, network: Network) -> list[Objection]:
    """What the identity lacks; Azure is asked only where something lies outside of the cluster's own group."""
    needs = {"/public_ip/id": _address_needs(asked), "/subnet": _subnet_needs(asked, network)}
    if not any(needs.values()):
        return []
    cluster = await require_ours(cloud, asked.place)
    found = []
    for pointer, each in needs.items():
        missing = await missing_right(cloud, asked.place.subscription_id, cluster, each)
        if missing is not None:
            objection = Objection(
                RightMissingError.code, ErrorClass.PERMISSION, missing.detail, missing.remedy, pointer
            )
            found.append(objection)
    return found


def _address_needs(asked: Asked) -> tuple[Need, ...]:
    given = asked.reserved or (asked.shared.reserved if asked.shared else None)
    if given is None or given.resource_group.lower() == asked.node_group.lower():
        return ()
    return needs_of_address(given.azure_id)


def _subnet_needs(asked: Asked, network: Network) -> tuple[Need, ...]:
    """Of an internal address in a virtual network of the caller's; without a name the pools' first subnet is meant."""
    if not asked.wanted.internal or not asked.node_subnets:
        return ()
    subnet_id = asked.node_subnets[0]
    if asked.wanted.subnet is not None:
        named = network.subnets(asked.wanted.subnet)
        subnet_id = named[0].id if named else f"{network_id_of(subnet_id)}/subnets/{asked.wanted.subnet}"
    return needs_of_subnet(subnet_id)
