"""How Slipway logs in to one cluster."""

from dataclasses import dataclass, field
from datetime import datetime

from app.kubernetes.types.kubeconfig import Kubeconfig


@dataclass(frozen=True, slots=True)
class Login:
    """A checked kubeconfig, and a token of Entra's where the cluster's users log in through Entra.

    `expires_at`: when the token or the certificate stops working; None when nobody but the cluster knows. `private`:
    the API server has an address in its virtual network only.
    """

    kubeconfig: Kubeconfig
    entra_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    private: bool = False
