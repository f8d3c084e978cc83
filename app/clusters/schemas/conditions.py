"""Conditions on the wire."""

from datetime import datetime

from app.api.schemas import ResponseModel


class ConditionRead(ResponseModel):
    """What is judged of a thing at the moment."""

    type: str
    """ControlPlaneReachable, NodesReady, VersionSupported, CertificateValid, SecretValid (of a service principal, where
    its vault says when it ends), Provisioned (Azure's last operations ended well), AsWanted (nobody has changed it
    outside Slipway), AutoscalerWorks (pods that wait get nodes), SpotNodesAvailable (spot pools have their machines);
    while it is being deleted, DeletionOnTime; new types may come."""
    status: str
    """True, False or Unknown."""
    reason: str
    """One word for programs."""
    message: str
    """A sentence."""
    since: datetime
    """When `status` turned."""
