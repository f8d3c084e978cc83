"""The steps that prove an exposure piece by piece, and write that it is ready."""

from app.core.json import JsonObject
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud
from app.kubernetes.types.service import ServiceState
from app.load_balancers.specs.exposure_observed import Proof, observed_proof
from app.load_balancers.specs.pieces import Origins, Pieces, look_for_pieces
from app.load_balancers.workflow.exposure_apply import Applied, looks
from app.load_balancers.workflow.exposure_network import network_of
from app.load_balancers.workflow.exposure_plan import Asked, exposure_of, facts, set_state
from app.load_balancers.workflow.inside import inside
from app.models import ExposureState


@cloud_step
async def verify_pieces(cloud: Cloud, asked: Asked, applied: Applied) -> Proof:
    """Find frontend, rule, probe, machines, security rule and DNS label in Azure; wait for those that are missing."""
    async for service in looks(cloud, asked, applied):
        pieces = await _pieces(cloud, asked, service)
        missing = [*_wrong_addresses(asked, service, pieces), *pieces.missing]
        if not missing:
            async with inside(cloud, asked) as client:
                endpoints = await client.endpoints(asked.namespace, asked.name)
            return Proof(service, endpoints, pieces)
        cloud.context.progress(f"Waiting for Azure: {missing[0]}")
    raise AssertionError("the looks end with the step")


async def _pieces(cloud: Cloud, asked: Asked, service: ServiceState) -> Pieces:
    network = await network_of(cloud, asked)
    reserved = asked.reserved.azure_id if asked.reserved else None
    before = asked.before.azure_id if asked.before else None
    origins = Origins(reserved, shared=asked.shared is not None, before_id=before)
    return look_for_pieces(service, asked.wanted, network, origins)


def _wrong_addresses(asked: Asked, service: ServiceState, pieces: Pieces) -> list[str]:
    """Trouble 55: after a swap the new address is bound, and the old one is not."""
    if not service.ingress:
        return ["the Service has no address"]
    return _wrong_given(asked, service, pieces) or _wrong_own(asked, pieces)


def _wrong_given(asked: Asked, service: ServiceState, pieces: Pieces) -> list[str]:
    wanted = asked.wanted
    if wanted.private_address is not None and wanted.private_address not in service.ingress:
        return [f"the Service has not the address {wanted.private_address}"]
    if asked.shared is not None and not set(service.ingress) & set(asked.shared.addresses):
        return [f"the Service has not the address of {asked.shared.name}"]
    if asked.reserved is not None:
        bound = [str(found["azure_id"]).lower() for found in pieces.addresses]
        return [] if asked.reserved.azure_id.lower() in bound else [f"{asked.reserved.name} is not bound yet"]
    return []


def _wrong_own(asked: Asked, pieces: Pieces) -> list[str]:
    if (
        asked.reserved is None
        and asked.shared is None
        and any(found["origin"] == "caller" for found in pieces.addresses)
    ):
        return ["the address that was given before is still bound"]
    if any(bool(found["internal"]) is not asked.wanted.internal for found in pieces.addresses):
        return ["the address is still of the kind that it was before"]
    return []


@record_step
async def record_ready(record: Record, proof: Proof) -> None:
    """Write that the exposure is ready, with what was proven."""
    exposure = await exposure_of(record)
    exposure.addresses = list(proof.pieces.addresses)
    exposure.observed = observed_proof(proof)
    exposure.observed_at = record.now
    exposure.service_uid = proof.service.uid
    made = exposure.state == ExposureState.PENDING
    set_state(exposure, ExposureState.READY, record.now)
    outcome = _outcome(proof)
    event = "exposure.ready" if made else "exposure.updated"
    await record.emit(event, data=facts(exposure, addresses=outcome["addresses"], warnings=proof.warnings))
    at = ", ".join(str(found["address"]) for found in proof.pieces.addresses)
    ports = ", ".join(str(port.port) for port in proof.service.ports)
    said = f" {proof.warnings[0]}" if proof.warnings else ""
    await record.succeed(
        outcome=outcome, summary=f"{record.view.target_name} answers at {at}, port {ports}.{said}"[:500]
    )


def _outcome(proof: Proof) -> JsonObject:
    pieces = proof.pieces
    return {
        "addresses": [dict(found) for found in pieces.addresses],
        "ports": [f"{port.port}/{port.protocol}" for port in proof.service.ports],
        "rules": list(pieces.rules),
        "probes": list(pieces.probes),
        "machines": pieces.members,
        "security_rules": list(pieces.security_rules),
        "pods_ready": proof.endpoints.ready,
        "warnings": proof.warnings,
    }
