"""What Azure has of networks where a cluster's Services are served, by lists that all jobs share."""

from app.azure.types.network import Frontend
from app.jobs.workflow import Cloud
from app.load_balancers.specs.pieces import Network, network_id_of
from app.load_balancers.workflow.exposure_plan import Asked


async def network_of(cloud: Cloud, asked: Asked) -> Network:
    """The cluster's load balancers, security groups and networks, and all public addresses of its subscription.

    Whoever asks at about the same time is answered by one LIST of each type.
    """
    seen = await cloud.gateways.azure.subscription(asked.place.subscription_id).network.together.fresh()
    group = asked.node_group.lower()
    # A virtual network of the caller's lies elsewhere; the pools' subnets name it.
    others = {network_id_of(subnet_id).lower() for subnet_id in asked.node_subnets}
    balancers = tuple(each for each in seen.load_balancers if each.resource_group.lower() == group)
    return Network(
        balancers=balancers,
        addresses=seen.public_ips,
        groups=tuple(each for each in seen.security_groups if each.resource_group.lower() == group),
        networks=tuple(
            each for each in seen.virtual_networks if each.resource_group.lower() == group or each.id.lower() in others
        ),
        neighbours=tuple(
            each
            for each in seen.load_balancers
            if each not in balancers and any(_lies_in(frontend, others) for frontend in each.frontends)
        ),
        node_subnets=asked.node_subnets,
    )


def _lies_in(frontend: Frontend, network_ids: set[str]) -> bool:
    return frontend.subnet_id is not None and network_id_of(frontend.subnet_id).lower() in network_ids
