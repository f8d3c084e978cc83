"""What the mount doctor answers."""

from app.api.schemas import ResponseModel


class MountFindingRead(ResponseModel):
    """One look."""

    check: str
    """claim, volume, handle, secret, key, share, capacity, network, dns, ports, fips, nfs, nodes, location, pods; new
    ones may come."""
    state: str
    """ok, problem, warning, unknown (it cannot be seen from here) or not_applicable."""
    code: str | None
    detail: str
    remedy: str | None


class DiagnosisRead(ResponseModel):
    """All that a mount needs, the likeliest cause first."""

    volume_id: str
    healthy: bool
    """Nothing was found that keeps a pod from mounting it."""
    summary: str
    findings: list[MountFindingRead]
