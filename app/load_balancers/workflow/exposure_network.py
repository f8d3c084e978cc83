"""What Azure has of networks where a cluster's Services are served, by lists that all jobs share."""

from app.jobs.workflow import Cloud
from app.load_balancers.specs.pieces import Network
from app.load_balancers.workflow.exposure_plan import Asked


async def network_of(cloud: Cloud, asked: Asked) -> Network:
    """The cluster's load balancers, security groups and networks, and all public addresses of its subscription.

    Whoever asks at about the same time is answered by one LIST of each type.
    """
    seen = await cloud.gateways.azure.subscription(asked.place.subscription_id).network.together.fresh()
    group = asked.node_group.lower()
    return Network(
        balancers=tuple(each for each in seen.load_balancers if each.resource_group.lower() == group),
        addresses=seen.public_ips,
        groups=tuple(each for each in seen.security_groups if each.resource_group.lower() == group),
        networks=tuple(each for each in seen.virtual_networks if each.resource_group.lower() == group),
    )
