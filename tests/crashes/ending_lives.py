"""Lives of clusters whose deletion takes more with it than the cluster."""

from tests.crashes.lives import Life, Scenario


async def taking_along(life: Life, _kinds: frozenset[str]) -> None:
    """A cluster with a share of its own, which goes after it by one job of its own."""
    # Nothing else lies in its group, which the share's account keeps.
    group = f"rg-{life.name}"
    await life.create(resource_group=group)
    # Its jobs are about something else, and do not die here.
    other = f"of-{life.name}"
    account = {"name": f"acc{life.name}", "make": True}
    await life.job("POST", f"/v1/clusters/{life.name}/shares", {"name": other, "quota_gib": 5, "account": account})
    ended = await life.job("DELETE", f"/v1/clusters/{life.name}?shares=delete")
    assert ended["outcome"]["kept"] == [], ended["outcome"]
    (removing,) = ended["outcome"]["removing"]
    gone = await life.end(removing["job_id"])
    assert (gone["state"], gone["target_name"]) == ("succeeded", other), gone
    found = (await life.slipway.ask("GET", f"/v1/jobs?target_id={gone['target_id']}", key=life.tenant.admin)).json()
    assert [job["kind"] for job in found["items"]].count("share.delete") == 1, found
    await life.job("DELETE", f"/v1/storage-accounts/acc{life.name}?deleted_shares=discard")
    await life.job("DELETE", f"/v1/resource-groups/{group}")


ENDING_SCENARIOS = (Scenario("taking", taking_along),)
