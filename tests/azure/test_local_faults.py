"""The gateway against a local Azure that has faults on purpose."""

from datetime import timedelta

import pytest

from app.azure.errors import AzureDeadlineError, AzureError, OutcomeUnknownError
from app.azure.types.tags import is_ours
from app.azure.types.watch import Goal, Outcome, TargetKind, Usual, Watch
from app.core.clock import SystemClock
from tests.azure.story import Story, spec, until_done


@pytest.mark.parametrize(
    "fault", ["reset_after", "html_502_after", "error_after", "malformed", "half_body", "hang_after"]
)
async def test_a_change_whose_answer_is_lost_after_the_effect_is_not_sent_again(story: Story, fault: str) -> None:
    story.local.register()
    await story.azure.resource_groups.put("g", "westeurope", {}, call=story.call())
    story.local.add_fault(fault, operation="ManagedClusters_CreateOrUpdate", count=1)
    with pytest.raises((OutcomeUnknownError, AzureError)) as lost:
        await story.azure.managed_clusters.put("g", "c", spec(), call=story.call(seconds=2))
    assert not isinstance(lost.value, AzureError) or lost.value.action == "observe"
    cluster = await story.azure.managed_clusters.get("g", "c", call=story.call())
    assert cluster is not None
    assert is_ours(cluster.tags, "cls_1")
    assert len(story.local.requests(operation="ManagedClusters_CreateOrUpdate")) == 1


@pytest.mark.parametrize("fault", ["throttle", "html_502", "reset_before", "half_body", "malformed"])
async def test_a_read_outlives_two_faults(story: Story, fault: str) -> None:
    await story.azure.resource_groups.put("g", "westeurope", {}, call=story.call())
    fields = {"retry_after": 1} if fault == "throttle" else {}
    story.local.add_fault(fault, operation="ResourceGroups_Get", count=2, **fields)
    assert await story.azure.resource_groups.get("g", call=story.call()) is not None


@pytest.mark.parametrize(
    ("azure_code", "code"), [("QuotaExceeded", "azure_quota_exceeded"), ("FluxCapacitorEmpty", "azure_unknown_error")]
)
async def test_an_operation_that_fails_says_why(story: Story, azure_code: str, code: str) -> None:
    story.local.register()
    await story.azure.resource_groups.put("g", "westeurope", {}, call=story.call())
    story.local.add_fault(
        "fail_operation", operation="ManagedClusters_CreateOrUpdate", code=azure_code, message="No.", count=1
    )
    answer = await story.azure.managed_clusters.put("g", "c", spec(), call=story.call())
    end = await until_done(story, answer.operation)
    assert end.outcome is Outcome.FAILED
    assert end.error is not None
    assert end.error.problem.code == code
    assert end.error.azure_code == azure_code
    # Made again over what failed, it ends well: the state from before is not taken for its end.
    again = await story.azure.managed_clusters.put("g", "c", spec(), call=story.call())
    assert (await until_done(story, again.operation)).outcome is Outcome.SUCCEEDED


async def test_an_operation_that_hangs_meets_the_deadline_and_can_be_aborted(story: Story) -> None:
    """trouble 14."""
    story.local.register()
    await story.azure.resource_groups.put("g", "westeurope", {}, call=story.call())
    story.local.add_fault("stuck_operation", operation="ManagedClusters_CreateOrUpdate", count=1)
    answer = await story.azure.managed_clusters.put("g", "c", spec(), call=story.call())
    watch = Watch(
        answer.operation.target_id,
        TargetKind.MANAGED_CLUSTER,
        answer.operation,
        Goal.SUCCEEDED,
        SystemClock().now(),
        Usual(timedelta(seconds=0.3)),
    )
    with pytest.raises(AzureDeadlineError):
        await story.azure.watcher.until_done(watch, call=story.call(seconds=1))
    await story.azure.managed_clusters.abort("g", "c", call=story.call())
    assert (await until_done(story, answer.operation)).outcome is Outcome.CANCELED
