"""How many there may be in Microsoft.Network (ERRORS.md, "Limits worth coding")."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import AzureError, Envelope
from app.emulator.core.network_documents import PUBLIC_IP

MOST_FRONTENDS = {"Basic": 200, "Standard": 600}
MOST_RULES = {"Basic": 250, "Standard": 1500}
MOST_RULES_PER_NIC = 300
MOST_SECURITY_RULES = 1000
MOST_ROUTES = 400


def public_ips_in(cloud: Cloud, subscription: str, location: str) -> int:
    """How many public addresses a subscription has in a region, the cluster's own included."""
    every = cloud.store.of_type(PUBLIC_IP, under=f"/subscriptions/{subscription}")
    return sum(address.body["location"] == location for address in every)


def check_public_ip_quota(cloud: Cloud, subscription: str, location: str) -> None:
    """400 `PublicIPCountLimitReached` when one more is one too many."""
    limit = cloud.settings.public_ip_limit
    if public_ips_in(cloud, subscription, location) >= limit:
        raise AzureError(
            400,
            "PublicIPCountLimitReached",
            f"Cannot create more than {limit} public IP addresses for this subscription in this region.",
            envelope=Envelope.WRAPPED,
            details=[],
        )
