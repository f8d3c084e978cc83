"""A cluster with its load balancer and addresses, as lists of Azure's showed them, and the API's list of it."""

from typing import Any

from app.azure.types.network import (
    BackendPool,
    Frontend,
    LoadBalancer,
    LoadBalancingRule,
    OutboundRule,
    Probe,
)
from app.clusters.specs.inventory import service_name_of
from app.core.ids import Prefix, new_id
from app.db.engine import Database
from app.models import (
    Cluster,
    Exposure,
    ExposureState,
)
from tests.load_balancers.inventory_rows import ADDRESSES, START, UID, add_cluster, address, at, common, keep
from tests.support.whole import Slipway

LIST = "Microsoft.Network/loadBalancers"
SHARING_UID = "abcdefab-1234-1234-1234-123456789abc"
MACHINE_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/MC_g/providers/Microsoft.Compute"
    "/virtualMachineScaleSets/aks-system-vmss/virtualMachines/0"
)


async def add_exposure(database: Database, cluster: Cluster, name: str, uid: str, **fields: Any) -> str:
    exposure_id = new_id(Prefix.EXPOSURE)
    async with database.write() as session:
        session.add(
            Exposure(
                id=exposure_id,
                project_id=cluster.project_id,
                cluster_id=cluster.id,
                namespace="shop",
                name=name,
                managed=fields.pop("managed", True),
                state=ExposureState.READY,
                service_uid=uid,
                created_at=START,
                updated_at=START,
                **fields,
            )
        )
    return exposure_id


def whole(group: str = "MC_g", name: str = "kubernetes") -> LoadBalancer:
    """The outbound frontend, and one of a Service whose address another Service shares."""
    base = common("loadBalancers", name, group)
    root = str(base["id"])

    def frontend(name: str, public_ip: str) -> Frontend:
        ip = str(common("publicIPAddresses", public_ip, group)["id"])
        return Frontend(f"{root}/frontendIPConfigurations/{name}", name, public_ip_id=ip.upper(), zones=("1", "2"))

    service, shared = service_name_of(UID), service_name_of(SHARING_UID)
    out, web = frontend("outbound", "outbound"), frontend(service, f"kubernetes-{service}")
    pool = BackendPool(
        f"{root}/backendAddressPools/kubernetes",
        "kubernetes",
        (f"{MACHINE_ID}/networkInterfaces/n/ipConfigurations/1",),
        ("10.224.0.4",),
    )
    probe = Probe(f"{root}/probes/{service}-TCP-80", f"{service}-TCP-80", "Http", 30080, "/healthz", 5, 2)
    rules = tuple(
        LoadBalancingRule(
            f"{root}/loadBalancingRules/{owner}-TCP-{port}",
            f"{owner}-TCP-{port}",
            "Tcp",
            port,
            port,
            frontend_id=web.id,
            backend_pool_ids=(pool.id,),
            probe_id=probe.id,
            floating_ip=True,
            idle_timeout_minutes=4,
            tcp_reset=True,
            distribution="Default",
        )
        for owner, port in ((service, 80), (shared, 443))
    )
    outbound = OutboundRule(
        f"{root}/outboundRules/aks", "aksOutboundRule", (out.id,), pool.id, 1024, 30, tcp_reset=True
    )
    return LoadBalancer(
        **base,
        sku="Standard",
        provisioning_state="Succeeded",
        frontends=(out, web),
        backend_pools=(pool,),
        rules=rules,
        probes=(probe,),
        outbound_rules=(outbound,),
    )


async def keep_cluster(slipway: Slipway, name: str = "blue", group: str = "MC_g", **fields: Any) -> Cluster:
    """A cluster with its load balancer and its two addresses, as lists showed them."""
    database = slipway.parts.database
    project_id = fields.pop("project_id", slipway.tenant.id)
    cluster = await add_cluster(database, name, project_id=project_id, node_resource_group=group)
    service = service_name_of(UID)
    tags = {"k8s-azure-service": "shop/web,shop/api"}
    await keep(database, LIST, at(1), whole(group), group=group)
    await keep(
        database,
        ADDRESSES,
        at(1),
        address("outbound", group, address="20.0.0.1", used_by="/f"),
        address(f"kubernetes-{service}", group, address="20.0.0.2", used_by="/f", fqdn="shop.example", tags=tags),
        group=group,
    )
    return cluster


async def listed(slipway: Slipway, path: str = "/v1/load-balancers", **how: Any) -> list[dict[str, Any]]:
    answer = await slipway.ask("GET", path, **how)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
