"""Workspaces, data collection rules and their associations of one subscription."""

from azure.mgmt.loganalytics.aio import LogAnalyticsManagementClient
from azure.mgmt.monitor.aio import MonitorManagementClient

from app.azure.monitoring.associations import RuleAssociations
from app.azure.monitoring.rules import CollectionRules
from app.azure.monitoring.workspaces import Workspaces

__all__ = ["AzureMonitoring"]


class AzureMonitoring:
    """What a subscription has for monitoring. Every method of its parts takes the keyword `call`."""

    def __init__(
        self, analytics: LogAnalyticsManagementClient, monitor: MonitorManagementClient, subscription_id: str
    ) -> None:
        self.workspaces = Workspaces(analytics, subscription_id)
        self.rules = CollectionRules(monitor, subscription_id)
        self.associations = RuleAssociations(monitor)
