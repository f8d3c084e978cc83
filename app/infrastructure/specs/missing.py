"""What AKS needs and is not there. Said only while nothing changes the cluster, and of kinds that were looked at."""

from collections.abc import Iterator

from app.azure.types.compute import ComputeResource, Identity, ScaleSet
from app.azure.types.network import LoadBalancer, NetworkResource, PublicIpAddress, RouteTable, SecurityGroup
from app.infrastructure.schemas.graph import Finding, Severity
from app.infrastructure.specs.inputs import Unknown, group_of
from app.infrastructure.specs.wiring import Wiring, key, outbound_of

_KUBENET = "kubenet"
_OVERLAY = "overlay"
_BY_LOAD_BALANCER = {None, "loadbalancer"}
_BY_ROUTES = "userdefinedrouting"
_MAIN = "kubernetes"
_RECONCILE = "Have AKS make it anew: `az aks update` without any other option reconciles the cluster"


def missing_of(wiring: Wiring) -> Iterator[Finding]:
    """All findings, the parts of the network first."""
    unread = any(isinstance(piece, Unknown) and piece.unreadable for piece in wiring.pieces.all)
    if unread or not wiring.cluster.settled:
        return
    if any(isinstance(piece, NetworkResource) for piece in wiring.pieces.all):
        yield from _subnets(wiring)
        yield from _guards(wiring)
        yield from _balancers(wiring)
        yield from _frontends(wiring)
    if any(isinstance(piece, ComputeResource) for piece in wiring.pieces.all):
        yield from _pools(wiring)
        yield from _identity(wiring)


def _subnets(wiring: Wiring) -> Iterator[Finding]:
    """Subnets that machines are said to be in."""
    wanted: dict[str, list[str]] = {}
    for found in wiring.sets:
        for subnet in wiring.subnets_of(found):
            wanted.setdefault(subnet, []).append(key(found.id))
    for subnet, pools in wanted.items():
        if subnet not in wiring.subnets:
            network, _, name = subnet.rpartition("/subnets/")
            yield Finding(
                code="subnet_missing",
                severity=Severity.ERROR,
                title=f"The subnet {name} is gone",
                detail=f"Machines are in the subnet {name} of {network.rpartition('/')[2]}, which was not found. "
                "Nodes cannot be added, and may not reach each other.",
                remedy="Make the subnet anew with the same name and address range. Until then do not scale or upgrade.",
                nodes=tuple(pools),
            )


def _guards(wiring: Wiring) -> Iterator[Finding]:
    """Security groups and route tables: those that a subnet names, and those that AKS puts there."""
    groups = {key(group.id) for group in wiring.pieces.of(SecurityGroup)}
    tables = {key(table.id) for table in wiring.pieces.of(RouteTable)}
    by_machines = {
        key(subnet): [group for group in found.security_group_ids if key(group) in groups]
        for found in wiring.pieces.of(ScaleSet)
        for subnet in found.subnet_ids
    }
    for subnet_id, (network, subnet) in sorted(wiring.subnets.items()):
        own = wiring.in_node_group(network.resource_group)
        if not wiring.is_shown(network, subnet):
            continue
        named = key(subnet.security_group_id or "") in groups
        if not named and not by_machines.get(subnet_id) and (own or subnet.security_group_id):
            yield Finding(
                code="network_security_group_missing",
                severity=Severity.ERROR,
                title=f"The subnet {subnet.name} has no network security group",
                detail="AKS keeps the rules for Services there; without one a Standard load balancer lets nothing in.",
                remedy=f"{_RECONCILE}; Services get their rules back at their next change.",
                nodes=(subnet_id,),
            )
        if key(subnet.route_table_id or "") not in tables and _needs_routes(
            wiring, own=own, named=subnet.route_table_id
        ):
            yield _no_route_table(wiring, subnet_id, subnet.name)


def _needs_routes(wiring: Wiring, *, own: bool, named: str | None) -> bool:
    """With kubenet always; by routes of the caller's own always; with an overlay AKS puts a table at its own subnet."""
    cluster = wiring.cluster
    plugin, mode = (cluster.plugin or "").lower(), (cluster.plugin_mode or "").lower()
    by_routes = (cluster.outbound_type or "").lower() == _BY_ROUTES
    return bool(named) or plugin == _KUBENET or by_routes or (own and mode == _OVERLAY)


def _no_route_table(wiring: Wiring, subnet_id: str, name: str) -> Finding:
    kubenet = (wiring.cluster.plugin or "").lower() == _KUBENET
    detail = "AKS put one there, and expects it at its next change of the cluster."
    if kubenet:
        detail = "With kubenet a route leads to the pods of each node: without it nodes do not reach each other's pods."
    return Finding(
        code="route_table_missing",
        severity=Severity.ERROR if kubenet else Severity.WARNING,
        title=f"The subnet {name} has no route table",
        detail=detail,
        remedy=f"{_RECONCILE}. A table of your own: attach it to the subnet again.",
        nodes=(subnet_id,),
    )


def _balancers(wiring: Wiring) -> Iterator[Finding]:
    if (wiring.cluster.outbound_type or "loadBalancer").lower() not in _BY_LOAD_BALANCER:
        return
    balancers = wiring.pieces.of(LoadBalancer)
    main = next((each for each in balancers if each.name.lower() == _MAIN), None)
    if main is None:
        yield Finding(
            code="load_balancer_missing",
            severity=Severity.ERROR,
            title="The load balancer kubernetes is gone",
            detail="Public Services are not reached, and the nodes do not reach the internet: no images are pulled.",
            remedy=f"{_RECONCILE}. The addresses of Services stay as long as their public IPs do.",
            nodes=_group(wiring),
        )
    elif not any(outbound_of(main, frontend) for frontend in main.frontends):
        yield Finding(
            code="outbound_rule_missing",
            severity=Severity.ERROR,
            title="The load balancer kubernetes has no outbound rule",
            detail="The nodes do not reach the internet: no images are pulled, and new nodes do not join.",
            remedy=f"{_RECONCILE}.",
            nodes=(key(main.id),),
        )
    for balancer in balancers:
        used = {key(pool) for rule in balancer.rules for pool in rule.backend_pool_ids}
        for pool in balancer.backend_pools:
            if key(pool.id) in used and not pool.addresses and not wiring.members(pool):
                yield Finding(
                    code="backend_pool_empty",
                    severity=Severity.ERROR,
                    title=f"The backend pool {pool.name} of {balancer.name} is empty",
                    detail="The load balancer's rules lead to no machine: its Services are not reached.",
                    remedy="AKS's cloud controller puts the nodes back at the next change of a node or Service; "
                    "if it does not, look at the events of a Service on it.",
                    nodes=(key(balancer.id),),
                )


def _frontends(wiring: Wiring) -> Iterator[Finding]:
    """Addresses that a frontend names, and frontends that a Service's address calls for."""
    held: set[str] = set()
    for balancer in wiring.pieces.of(LoadBalancer):
        for frontend in balancer.frontends:
            held.add(wiring.address_of(frontend) or "")
            if frontend.public_ip_id and wiring.pieces.get(frontend.public_ip_id, PublicIpAddress) is None:
                name = frontend.public_ip_id.rpartition("/")[2]
                yield Finding(
                    code="public_ip_missing",
                    severity=Severity.ERROR,
                    title=f"The public IP {name} is gone",
                    detail=f"The frontend {frontend.name} of {balancer.name} names it, and it was not found.",
                    remedy="Change the Service, by an annotation for instance: the cloud controller then gives it one.",
                    nodes=(key(frontend.id),),
                )
    for service in wiring.services:
        lost = [address for address in service.addresses if address not in held]
        if service.state == "ready" and lost and wiring.seen_after(LoadBalancer, service.changed_at):
            yield Finding(
                code="frontend_missing",
                severity=Severity.ERROR,
                title=f"Nothing in Azure listens at {', '.join(lost)}",
                detail=f"The Service {service.namespace}/{service.name} has this address, and no load balancer has it.",
                remedy="Change the Service (an annotation is enough): the cloud controller then builds it anew.",
                nodes=(service.id,),
            )


def _pools(wiring: Wiring) -> Iterator[Finding]:
    sets = {pool.name: found for found in wiring.sets if (pool := wiring.pool_of(found)) is not None}
    for pool in wiring.cluster.pools:
        found = sets.get(pool.name)
        if found is None:
            if pool.count:
                yield Finding(
                    code="scale_set_missing",
                    severity=Severity.ERROR,
                    title=f"The pool {pool.name} has no scale set",
                    detail=f"AKS counts {pool.count} nodes in it, and there are no machines for them.",
                    remedy=f"Delete the pool and make it anew, or have AKS repair it: az aks nodepool update "
                    f"--name {pool.name} --cluster-name {wiring.cluster.azure_name}",
                    nodes=_group(wiring),
                )
            continue
        machines = wiring.machines_of(found)
        if machines and len(machines) < pool.count:
            yield Finding(
                code="machines_missing",
                severity=Severity.WARNING,
                title=f"The pool {pool.name} has {len(machines)} of {pool.count} machines",
                detail="Machines were removed beside AKS, or are being made.",
                remedy="Scale the pool to the number that you want: AKS then makes what is missing.",
                nodes=(key(found.id),),
            )


def _identity(wiring: Wiring) -> Iterator[Finding]:
    """The nodes' own identity, which AKS makes in its group. Of one of the caller's nothing is said: it may be far."""
    identities = wiring.pieces.of(Identity)
    every = {identity for found in wiring.pieces.of(ScaleSet) for identity in map(key, found.identity_ids)}
    named = {identity for identity in every if wiring.in_node_group(group_of(identity))}
    if not named or any(key(identity.id) in named for identity in identities):
        return
    names = ", ".join(sorted(identity.rpartition("/")[2] for identity in named))
    yield Finding(
        code="identity_missing",
        severity=Severity.ERROR,
        title=f"The nodes' identity {names} is gone",
        detail="The nodes log in to Azure with it: no images are pulled from a registry, no new node joins.",
        remedy=f"{_RECONCILE}, and give the new identity the roles of the old one.",
        nodes=tuple(key(found.id) for found in wiring.pieces.of(ScaleSet)),
    )


def _group(wiring: Wiring) -> tuple[str, ...]:
    group = wiring.cluster.node_resource_group
    if group is None:
        return ()
    return (f"/subscriptions/{wiring.cluster.subscription_id}/resourcegroups/{group}".lower(),)
