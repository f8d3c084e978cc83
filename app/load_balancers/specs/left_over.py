"""What nothing needs any more, and the safe way to remove it. Nobody is asked, and nothing is removed here."""

from collections.abc import Mapping
from datetime import timedelta

from app.azure.types.network import LoadBalancer
from app.azure.types.resource import same_id
from app.clusters.specs.inventory import FRONTEND, PUBLIC_IP, SECURITY_RULE, service_name
from app.load_balancers.schemas.load_balancers import LeftOver
from app.load_balancers.schemas.public_ips import Origin
from app.models import AzureResource

GRACE = timedelta(minutes=10)
"""What is being made has nobody for a moment, and a Service may be known a little later than its frontend."""
KINDS = (FRONTEND, PUBLIC_IP, SECURITY_RULE)
"""The types of which rows may be left over."""


def left_over(row: AzureResource, balancer: LoadBalancer | None, origins: Mapping[str, str]) -> LeftOver | None:
    """What is left over of a row; None when it is needed, or is of a type that is shown elsewhere.

    `balancer`: the one whose frontend it is. `origins`: of the project's own addresses, by id in lower case.
    """
    if row.unused_since is None or row.type not in KINDS:
        return None
    if row.type == FRONTEND:
        kind, (reason, remedy, commands) = "frontend", _frontend(row, balancer)
    elif row.type == PUBLIC_IP:
        kind, (reason, remedy, commands) = "public_ip", _public_ip(row, origins.get(row.key, Origin.CLUSTER))
    else:
        kind, (reason, remedy, commands) = "security_rule", _security_rule(row)
    return LeftOver(
        kind=kind,
        name=row.name,
        azure_id=row.azure_id,
        address=row.address,
        since=row.unused_since,
        reason=reason,
        remedy=remedy,
        commands=commands,
    )


_Words = tuple[str, str, list[str]]


def _frontend(row: AzureResource, balancer: LoadBalancer | None) -> _Words:
    group, name = row.resource_group, row.azure_id.split("/")[8]
    at = f"--resource-group {group} --lb-name {name}"
    rules = [rule for rule in balancer.rules if same_id(rule.frontend_id or "", row.key)] if balancer else []
    probes = {rule.probe_id for rule in rules if rule.probe_id}
    commands = [f"az network lb rule delete {at} --name {rule.name}" for rule in rules]
    commands += [f"az network lb probe delete {at} --name {probe.rpartition('/')[2]}" for probe in sorted(probes)]
    commands.append(f"az network lb frontend-ip delete {at} --name {row.name}")
    if rules:
        reason = "Its Service is gone from the cluster, and its rules are still there."
    else:
        reason = "No rule leads from it, inbound or outbound."
    remedy = "Have AKS set its load balancer right first (`az aks update` without a change); remove by hand what stays."
    return reason, remedy, commands


def _public_ip(row: AzureResource, origin: str) -> _Words:
    reason = "Nothing in Azure has this address; it costs money all the same."
    if origin == Origin.SLIPWAY:
        return reason, "Release it: DELETE /v1/public-ips/{id}. It is gone for good then.", []
    if origin == Origin.CALLER:
        return reason, "It is your own: Slipway never removes it. Forget it by DELETE /v1/public-ips/{id}.", []
    remedy = "A cluster left it. Once no Service and no firewall elsewhere names the address, remove it by hand."
    return reason, remedy, [f"az network public-ip delete --ids {row.azure_id}"]


def _security_rule(row: AzureResource) -> _Words:
    reason = (
        "The Service for which it was made is gone from the cluster."
        if service_name(row.name)
        else "None of the addresses for which it was made is there any more."
    )
    group = row.azure_id.split("/")[8]
    command = f"az network nsg rule delete --resource-group {row.resource_group} --nsg-name {group} --name {row.name}"
    return reason, "It lets traffic in that nobody serves. Remove it by hand.", [command]
