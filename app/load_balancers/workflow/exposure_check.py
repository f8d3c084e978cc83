"""The step that looks before it asks: what the cluster or Azure would refuse is told at once, and all of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.azure.types.network import PublicIpAddress
from app.core.errors import ErrorClass
from app.core.objections import NotPossibleError, Objection
from app.engine.steps import cloud_step
from app.jobs.workflow import Cloud
from app.kubernetes.client import ClusterClient
from app.load_balancers.specs.exposure_limits import objections
from app.load_balancers.specs.pieces import Network
from app.load_balancers.specs.services import base_name, is_ours
from app.load_balancers.workflow.exposure_network import network_of
from app.load_balancers.workflow.exposure_plan import Asked
from app.load_balancers.workflow.exposure_rights import missing_rights
from app.load_balancers.workflow.inside import inside


class ExposureNotPossibleError(NotPossibleError):
    """The cluster or Azure would refuse it, as they are now; `errors` names all that stands against it."""

    code = "exposure_not_possible"
    title = "The exposure is not possible as it was asked for"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: which pods are meant."""

    selector: Mapping[str, str]


@cloud_step
async def check_exposure(cloud: Cloud, asked: Asked) -> Checked:
    """Look at the namespace, at the names, ports and addresses that others have, and at Azure's limits."""
    async with inside(cloud, asked) as client:
        against = await _namespace(client, asked)
        selector: Mapping[str, str] = {}
        if not against:
            selector, against = await _pods(client, asked)
        present = await client.service(asked.namespace, asked.name)
    uid = present.uid if present is not None else None
    if present is not None and not is_ours(present, asked.exposure_id):
        against.append(_taken(asked))
    network = await network_of(cloud, asked)
    usages = await cloud.gateways.azure.subscription(asked.place.subscription_id).network.usages.fresh(asked.location)
    wanted = asked.wanted
    unmade = asked.made is not None and asked.reserved is not None and not network.address(asked.reserved.azure_id)
    own = asked.reserved is None and asked.shared is None and uid is None
    new_address = not wanted.internal and (own or unmade)
    against += objections(wanted, network, usages, uid=uid, new_address=new_address)
    against += _given_address(asked, network, uid)
    if not against:
        against += await missing_rights(cloud, asked, network)
    if against:
        # Quota last: what can be corrected in the request is worth more than to wait for a limit.
        raise ExposureNotPossibleError(sorted(against, key=lambda each: each.error_class is ErrorClass.QUOTA))
    return Checked(selector)


async def _namespace(client: ClusterClient, asked: Asked) -> list[Objection]:
    namespace = await client.namespace(asked.namespace)
    if namespace is None:
        return [
            Objection(
                "namespace_not_found",
                ErrorClass.CONFIGURATION,
                f"The cluster has no namespace {asked.namespace}.",
                f"Make it: kubectl create namespace {asked.namespace}.",
                "/namespace",
            )
        ]
    if namespace.deleting:
        return [
            Objection(
                "kubernetes_namespace_ending",
                ErrorClass.CONFLICT,
                f"The namespace {asked.namespace} is being deleted, and takes nothing new.",
                "Wait until it is gone and make it again, or use another one.",
                "/namespace",
            )
        ]
    return []


async def _pods(client: ClusterClient, asked: Asked) -> tuple[Mapping[str, str], list[Objection]]:
    name = asked.wanted.service
    if name is None:
        return asked.wanted.selector or {}, []
    other = await client.service(asked.namespace, name)
    if other is not None and other.selector:
        return other.selector, []
    found = "has no selector" if other is not None else "does not exist"
    return {}, [
        Objection(
            "service_not_found",
            ErrorClass.CONFIGURATION,
            f"The Service {asked.namespace}/{name} whose pods are meant {found}.",
            "Name another Service, or give a `selector`.",
            "/service",
        )
    ]


def _taken(asked: Asked) -> Objection:
    return Objection(
        "service_not_ours",
        ErrorClass.CONFLICT,
        f"The namespace has a Service {asked.key} that Slipway did not make for this exposure; nothing was changed.",
        "Choose another name or namespace, or have that Service removed by whoever made it.",
        "/name",
    )


def _given_address(asked: Asked, network: Network, uid: str | None) -> list[Objection]:
    """What is wrong with an address that is given: it is gone, of another SKU or place, or somebody else has it."""
    if asked.reserved is None:
        if asked.wanted.share_address_with is not None and not (asked.shared and asked.shared.addresses):
            return [_shared_missing()]
        return []
    found = network.address(asked.reserved.azure_id)
    if found is None and asked.made is not None:
        return []
    if found is None:
        return [
            Objection(
                "public_ip_not_found",
                ErrorClass.CONFIGURATION,
                f"Azure has no public IP {asked.reserved.name} in the resource group {asked.reserved.resource_group}.",
                "Give another address, or none.",
                "/public_ip/id",
            )
        ]
    return [*_unfit(found), *_held(found, uid)]


def _shared_missing() -> Objection:
    return Objection(
        "shared_address_missing",
        ErrorClass.CONFLICT,
        "The exposure whose address is to be shared has no address.",
        "Bring that exposure in order first, then retry the job.",
        "/share_address_with",
    )


def _unfit(address: PublicIpAddress) -> list[Objection]:
    if (address.sku or "Basic").lower() == "standard":
        return []
    return [
        Objection(
            "azure_sku_mismatch",
            ErrorClass.CONFIGURATION,
            f"The public IP {address.name} is of SKU {address.sku or 'Basic'}, the load balancer of SKU Standard; "
            "Azure does not mix them.",
            "Take an address of SKU Standard.",
            "/public_ip/id",
        )
    ]


def _held(address: PublicIpAddress, uid: str | None) -> list[Objection]:
    holder = address.used_by
    if holder is None or (uid is not None and base_name(uid) in holder):
        return []
    return [
        Objection(
            "public_ip_in_use",
            ErrorClass.CONFLICT,
            f"The public IP {address.name} is in use: {holder} has it.",
            "Take it from there first, or give another address.",
            "/public_ip/id",
        )
    ]
