"""Lives of monitoring: turned on, changed, turned off; and of a workspace that is deleted."""

from tests.crashes.lives import Life, Scenario

_WORKSPACE = "slipway-{name}"


async def monitored_cluster(life: Life, kinds: frozenset[str]) -> None:
    """A cluster whose monitoring is turned on, and off unless it goes before."""
    await life.create()
    own = f"/v1/clusters/{life.name}/monitoring"
    await life.job("PUT", own, {})
    if "monitoring.disable" in kinds:
        await life.job("DELETE", own)
    _forget(life)
    await life.delete()


async def accepted_monitoring(life: Life, _kinds: frozenset[str]) -> None:
    """The caller is content when Azure has taken the add-on."""
    await life.create()
    await life.job("PUT", f"/v1/clusters/{life.name}/monitoring", {"options": {"wait_for": "accepted"}})
    _forget(life)
    await life.delete()


async def deleted_workspace(life: Life, _kinds: frozenset[str]) -> None:
    """A workspace that Slipway made, and that nothing sends to any more."""
    await life.create()
    own = f"/v1/clusters/{life.name}/monitoring"
    await life.job("PUT", own, {})
    await life.job("DELETE", own)
    (workspace,) = [
        each
        for each in (await life.slipway.ask("GET", "/v1/workspaces?limit=200", key=life.tenant.admin)).json()["items"]
        if each["name"] == life.target
    ]
    await life.job("DELETE", f"/v1/workspaces/{workspace['id']}")
    _forget(life)
    await life.delete()


def _forget(life: Life) -> None:
    """What somebody does in Azure's portal: the workspace, so that it cannot come back. Then the group is empty."""
    azure = life.slipway.azure
    name = _WORKSPACE.format(name=life.name).lower()

    async def take() -> int:
        store = azure.azure.cloud.store
        gone = [
            each.id for each in store if each.id.lower().endswith((f"/workspaces/{name}", f"/deletedworkspaces/{name}"))
        ]
        return sum(store.remove(each) is not None for each in gone)

    assert azure.call(take()) == 1


MONITORING_SCENARIOS = (
    Scenario("monitored", monitored_cluster),
    Scenario("watched", accepted_monitoring),
    Scenario("logged", deleted_workspace, target=_WORKSPACE),
)
