"""Which data collection rule holds for a resource. Every method is one call."""

from azure.mgmt.monitor.aio import MonitorManagementClient

from app.azure.clients import whole_answer
from app.azure.errors import AzureError
from app.azure.fields import Fields
from app.azure.monitoring.bodies import answered, sent
from app.azure.types.call import Call
from app.azure.types.monitoring import ASSOCIATION

_DESCRIPTION = "Routes monitoring data to a Log Analytics workspace."


class RuleAssociations:
    """`Microsoft.Insights/dataCollectionRuleAssociations` of clusters, under the name that AKS's tools give them."""

    def __init__(self, client: MonitorManagementClient) -> None:
        self._associations = client.data_collection_rule_associations

    async def get(self, cluster_id: str, *, call: Call) -> str | None:
        """The id of the rule that holds for the cluster of this resource id; None without one."""
        try:
            answer = await answered(
                self._associations.get(_uri(cluster_id), ASSOCIATION, cls=whole_answer, slipway_call=call)
            )
        except AzureError as error:
            if error.gone:
                return None
            raise
        return Fields(answer.json(), "association").part("properties").maybe("dataCollectionRuleId")

    async def put(self, cluster_id: str, rule_id: str, *, call: Call) -> None:
        """Let this rule hold for the cluster."""
        body = {"properties": {"dataCollectionRuleId": rule_id, "description": _DESCRIPTION}}
        await answered(
            self._associations.create(_uri(cluster_id), ASSOCIATION, sent(body), cls=whole_answer, slipway_call=call)
        )

    async def delete(self, cluster_id: str, *, call: Call) -> None:
        """Let no rule hold for the cluster; nothing happens when none does."""
        try:
            await answered(
                self._associations.delete(_uri(cluster_id), ASSOCIATION, cls=whole_answer, slipway_call=call)
            )
        except AzureError as error:
            if not error.gone:
                raise


def _uri(cluster_id: str) -> str:
    # The SDK puts a slash before it.
    return cluster_id.strip("/")
