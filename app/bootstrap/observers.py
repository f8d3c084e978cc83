"""What a worker compares with Azure, round by round."""

from collections.abc import Awaitable, Callable

from app.azure.gateway import AzureGateway
from app.clusters.observe import observe_all
from app.core.clock import Clock
from app.db.engine import Database
from app.infrastructure.observe.resources import observe_infrastructure
from app.load_balancers.observe.network import observe_network
from app.load_balancers.observe.public_ips import observe_public_ips
from app.monitoring.observe.workspaces import observe_workspaces
from app.storage.observe.accounts import observe_accounts

Observer = Callable[[Database, AzureGateway, Clock], Awaitable[None]]

# The clusters first: where they are says whose the other resources are.
OBSERVERS: tuple[Observer, ...] = (
    observe_all,
    observe_network,
    observe_public_ips,
    observe_accounts,
    observe_infrastructure,
    observe_workspaces,
)
