"""The gateway's whole story against a local Azure: the SDK's clients over HTTP."""

import asyncio
from datetime import timedelta

import pytest

from app.azure.errors import AzureError
from app.azure.types.cluster_changes import WantedSettings
from app.azure.types.cluster_fields import Part
from app.azure.types.resource import same_id
from app.azure.types.tags import is_ours
from app.azure.types.watch import Goal, Outcome, TargetKind, WatchEnd
from tests.azure.story import AKS, Story, ready_cluster, spec, until_done


async def test_a_cluster_from_nothing_to_gone(story: Story) -> None:
    azure = story.azure
    await azure.resource_groups.put("g", "westeurope", {}, call=story.call())
    with pytest.raises(AzureError) as refused:
        await azure.managed_clusters.put("g", "c", spec(), call=story.call())
    assert refused.value.action == "register_provider"
    await azure.providers.register(AKS, call=story.call())
    provider = await azure.providers.await_registered(AKS, call=story.call(), expected=timedelta(seconds=1))
    assert provider.registered

    answer = await azure.managed_clusters.put("g", "c", spec(), call=story.call())
    assert answer.created
    assert answer.cluster.provisioning_state == "Creating"
    end = await until_done(story, answer.operation)
    assert end.outcome is Outcome.SUCCEEDED

    cluster = await azure.managed_clusters.get("g", "c", call=story.call())
    assert cluster is not None
    assert same_id(cluster.id, answer.operation.target_id)
    assert is_ours(cluster.tags, "cls_1")
    assert cluster.node_resource_group == "MC_g_c_westeurope"
    assert cluster.fqdn
    assert [(pool.name, pool.count) for pool in cluster.pools] == [("system", 1)]
    assert cluster.kubelet_identity_object_id
    unknown = cluster.outbound_ip_ids[0] + "x"
    assert len(await azure.network.addresses_of([*cluster.outbound_ip_ids, unknown])) == 1
    assert await azure.network.addresses_of([]) == ()

    kubeconfig = await azure.managed_clusters.user_credential("g", "c", call=story.call())
    assert "clusters:" in kubeconfig.reveal()
    assert "clusters:" not in repr(kubeconfig)

    assert {ref.type.lower() for ref in await azure.resource_groups.resources("g", call=story.call())} == {
        "microsoft.containerservice/managedclusters"
    }
    gone = await until_done(story, await azure.managed_clusters.delete("g", "c", call=story.call()), goal=Goal.GONE)
    assert gone.outcome is Outcome.GONE
    assert await azure.managed_clusters.delete("g", "c", call=story.call()) is None
    group_gone = await until_done(
        story,
        await azure.resource_groups.delete("g", call=story.call()),
        kind=TargetKind.RESOURCE_GROUP,
        goal=Goal.GONE,
    )
    assert group_gone.outcome is Outcome.GONE
    assert await azure.resource_groups.resources("g", call=story.call()) == ()

    puts = story.local.requests(operation="ManagedClusters_CreateOrUpdate")
    assert len(puts) == 2  # the refused one and the one that worked
    assert all(record.client_request_id.startswith("job_1.1.") for record in story.answers)
    assert len({record.client_request_id for record in story.answers}) == len(story.answers)
    assert all(record.correlation_id for record in story.answers)


async def test_tags_scale_and_upgrade_change_just_that(story: Story) -> None:
    azure = story.azure
    await ready_cluster(story)
    wanted = WantedSettings({}, tags={"team": "a"})
    tagged = await azure.managed_clusters.put_part("g", "c", Part.TAGS, wanted, call=story.call())
    assert tagged is not None
    assert (await until_done(story, tagged.operation)).outcome is Outcome.SUCCEEDED

    scaled = await azure.agent_pools.scale("g", "c", "system", 3, call=story.call())
    assert (await until_done(story, scaled.operation, kind=TargetKind.AGENT_POOL)).outcome is Outcome.SUCCEEDED

    profile = await azure.upgrade_profiles.of_cluster("g", "c", call=story.call())
    upgraded = await azure.managed_clusters.upgrade("g", "c", profile.upgrades[0], call=story.call())
    assert (await until_done(story, upgraded.operation)).outcome is Outcome.SUCCEEDED
    pool = await azure.agent_pools.upgrade("g", "c", "system", profile.upgrades[0], call=story.call())
    assert (await until_done(story, pool.operation, kind=TargetKind.AGENT_POOL)).outcome is Outcome.SUCCEEDED

    cluster = await azure.managed_clusters.get("g", "c", call=story.call())
    assert cluster is not None
    assert cluster.tags["team"] == "a"
    assert cluster.current_kubernetes_version == profile.upgrades[0]
    assert cluster.pools[0].count == 3
    assert cluster.pools[0].current_orchestrator_version == profile.upgrades[0]
    assert (await azure.agent_pools.list_("g", "c", call=story.call()))[0].count == 3


async def test_a_stale_etag_is_refused(story: Story) -> None:
    """trouble 31."""
    await ready_cluster(story)
    with pytest.raises(AzureError) as stale:
        await story.azure.managed_clusters.put_again("g", "c", if_match="0123", call=story.call())
    assert stale.value.problem.code == "azure_etag_mismatch"


async def test_a_busy_cluster_is_a_conflict_that_waits_its_turn(story: Story) -> None:
    story.local.register()
    await story.azure.resource_groups.put("g", "westeurope", {}, call=story.call())
    first = await story.azure.managed_clusters.put("g", "c", spec(), call=story.call())
    with pytest.raises(AzureError) as busy:
        await story.azure.managed_clusters.put("g", "c", spec(), call=story.call())
    assert busy.value.action == "wait_turn"
    await until_done(story, first.operation)


async def test_the_catalogue_is_what_the_local_azure_offers(story: Story) -> None:
    catalog = story.azure.catalog
    locations = await catalog.locations(call=story.call())
    assert "westeurope" in {location.name for location in locations}
    versions = await catalog.kubernetes_versions("westeurope", call=story.call())
    assert sum(version.is_default for version in versions) >= 1
    assert any(version.upgrades for version in versions)
    assert all(version.version.startswith(version.minor) for version in versions)
    sizes = await catalog.node_sizes("westeurope", call=story.call())
    assert "Standard_D2s_v5" in {size.name for size in sizes}
    assert all(size.cores > 0 and size.memory_gib > 0 for size in sizes)
    assert AKS in {provider.namespace for provider in await story.azure.providers.list_(call=story.call())}


async def test_a_location_that_is_none_is_a_configuration_error(story: Story) -> None:
    with pytest.raises(AzureError) as wrong:
        await story.azure.resource_groups.put("g", "atlantis", {}, call=story.call())
    assert wrong.value.problem.code == "azure_location_not_available"
    assert wrong.value.problem.status == 422
    assert wrong.value.problem.azure is not None
    assert wrong.value.problem.azure.correlation_id


async def test_many_creates_side_by_side_share_their_lists(story: Story) -> None:
    story.local.register()
    await story.azure.resource_groups.put("g", "westeurope", {}, call=story.call())

    async def one(number: int) -> WatchEnd:
        answer = await story.azure.managed_clusters.put("g", f"c{number}", spec(), call=story.call())
        return await until_done(story, answer.operation)

    ends = await asyncio.gather(*(one(number) for number in range(10)))
    assert {end.outcome for end in ends} == {Outcome.SUCCEEDED}
    assert len(story.local.requests(operation="ManagedClusters_List")) < 20


async def test_what_an_operation_takes_is_learnt(story: Story) -> None:
    assert await story.gateway.expected("cluster_create:westeurope") == timedelta(seconds=0.15)
    await story.gateway.learn("cluster_create:westeurope", timedelta(seconds=2))
    assert await story.gateway.expected("cluster_create:westeurope") == timedelta(seconds=2)
