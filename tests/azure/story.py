"""A subscription of a local Azure through the gateway, and what its tests do there."""

from dataclasses import dataclass
from datetime import timedelta

from app.azure.gateway import AzureGateway, SubscriptionGateway
from app.azure.types.agent_pool import AgentPoolSpec
from app.azure.types.call import Call, CallRecord
from app.azure.types.cluster import ManagedClusterSpec, PutAnswer
from app.azure.types.operation import Operation
from app.azure.types.tags import owner_tags
from app.azure.types.watch import Goal, Outcome, TargetKind, Usual, Watch, WatchEnd
from app.core.clock import SystemClock
from tests.support.local_azure import LocalAzureForTests

AKS = "Microsoft.ContainerService"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE test"


@dataclass
class Story:
    """A subscription of a local Azure, through the gateway."""

    local: LocalAzureForTests
    gateway: AzureGateway
    azure: SubscriptionGateway
    answers: list[CallRecord]

    def call(self, *, seconds: float = 30) -> Call:
        deadline = SystemClock().now() + timedelta(seconds=seconds)
        return Call(deadline=deadline, job_id="job_1", epoch=1, on_answer=self.answers.append)


def spec(**changes: object) -> ManagedClusterSpec:
    fields: dict[str, object] = {
        "location": "westeurope",
        "kubernetes_version": None,
        "dns_prefix": "story",
        "tags": owner_tags(project_id="prj_1", cluster_id="cls_1"),
        "pools": (AgentPoolSpec("system", "System", "Linux", "Standard_D2s_v5", 1),),
        "admin_username": "azureuser",
        "ssh_public_key": KEY,
    }
    return ManagedClusterSpec(**{**fields, **changes})  # type: ignore[arg-type] # the fields above, by name


async def until_done(
    story: Story,
    operation: Operation | None,
    *,
    kind: TargetKind = TargetKind.MANAGED_CLUSTER,
    goal: Goal = Goal.SUCCEEDED,
) -> WatchEnd:
    assert operation is not None
    watch = Watch(operation.target_id, kind, operation, goal, SystemClock().now(), Usual(timedelta(seconds=0.3)))
    return await story.azure.watcher.until_done(watch, call=story.call())


async def ready_cluster(story: Story) -> PutAnswer:
    story.local.register()
    await story.azure.resource_groups.put("g", "westeurope", owner_tags(project_id="prj_1"), call=story.call())
    answer = await story.azure.managed_clusters.put("g", "c", spec(), call=story.call())
    end = await until_done(story, answer.operation)
    assert end.outcome is Outcome.SUCCEEDED
    return answer
