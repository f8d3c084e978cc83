"""What AKS offers to clusters and pools that are there: versions, and node images."""

from azure.mgmt.containerservice.aio import ContainerServiceClient

from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.catalog import UpgradeProfile


class UpgradeProfiles:
    """`upgradeProfiles/default` of managed clusters and of their agent pools."""

    def __init__(self, client: ContainerServiceClient) -> None:
        self._clusters = client.managed_clusters
        self._pools = client.agent_pools

    async def of_cluster(self, group: str, name: str, *, call: Call) -> UpgradeProfile:
        """To which versions the control plane can go from where it is, and its pools."""
        model = await self._clusters.get_upgrade_profile(group, name, slipway_call=call)
        properties = Fields(model, "upgradeProfile").part("properties")
        control_plane = properties.part("controlPlaneProfile")
        return UpgradeProfile(
            current_version=control_plane.text("kubernetesVersion"),
            upgrades=_offered(control_plane),
            pools={pool.maybe("name") or "": _offered(pool) for pool in properties.parts("agentPoolProfiles")},
        )

    async def newest_image(self, group: str, cluster: str, pool: str, *, call: Call) -> str | None:
        """The newest node image that Azure has for the pool."""
        model = await self._pools.get_upgrade_profile(group, cluster, pool, slipway_call=call)
        return Fields(model, "upgradeProfile").part("properties").maybe("latestNodeImageVersion")


def _offered(profile: Fields) -> tuple[str, ...]:
    return tuple(part.text("kubernetesVersion") for part in profile.parts("upgrades"))
