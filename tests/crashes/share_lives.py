"""Lives of shares: made, changed, kept in snapshots, deleted, brought back, adopted, failed."""

from tests.crashes.lives import Life, Scenario
from tests.storage.sharing import by_hand, make_account

FAILING_SHARE = "failingshare"
"""The beginning of the names of shares that Azure does not make."""


def _asked(life: Life) -> dict[str, object]:
    """A share in an account and a group of its own, all of one name."""
    account = {"name": life.name, "make": True}
    return {
        "name": life.name,
        "location": "westeurope",
        "quota_gib": 5,
        "resource_group": life.name,
        "account": account,
    }


async def _clear(life: Life) -> None:
    """The account, which may keep a deleted share, and its group."""
    await life.job("DELETE", f"/v1/storage-accounts/{life.name}?deleted_shares=discard")
    await life.job("DELETE", f"/v1/resource-groups/{life.name}")


async def share(life: Life, kinds: frozenset[str]) -> None:
    """A share that is made, grown, kept in a snapshot and deleted, with its account."""
    await life.job("POST", "/v1/shares", _asked(life))
    own = f"/v1/shares/{life.name}"
    if "share.update" in kinds:
        await life.job("PATCH", own, {"quota_gib": 20, "tier": "cool"})
    if kinds & {"share.snapshot", "share.delete_snapshot"}:
        taken = await life.job("POST", f"{own}/snapshots", {})
        await life.job("DELETE", f"{own}/snapshots/{taken['outcome']['snapshot_id']}")
    await life.job("DELETE", own)
    await _clear(life)


async def restored_share(life: Life, _kinds: frozenset[str]) -> None:
    """A share that is deleted and comes back; its account goes by somebody else's hand."""
    await life.job("POST", "/v1/shares", _asked(life))
    made = await life.job("DELETE", f"/v1/shares/{life.name}")
    await life.job("POST", f"/v1/shares/{made['target_id']}:restore", {})
    await _remove(life)


async def adopted_share(life: Life, _kinds: frozenset[str]) -> None:
    """A share of somebody else's in an account of somebody else's: known, and forgotten."""
    await make_account(life.slipway, life.name, group=life.name)
    path = f"resourceGroups/{life.name}/providers/Microsoft.Storage/storageAccounts/{life.name}"
    share_path = f"{path}/fileServices/default/shares/{life.name}"
    await by_hand(life.slipway, "PUT", share_path, {"properties": {"shareQuota": 7}})
    asked = {**_asked(life), "account": {"name": life.name}, "adopt": True}
    await life.job("POST", "/v1/shares", asked)
    await life.job("DELETE", f"/v1/shares/{life.name}")
    await life.job("DELETE", f"/v1/storage-accounts/{life.name}")
    await _remove(life)


async def failing_share(life: Life, _kinds: frozenset[str]) -> None:
    """Azure does not make it, and what was made on the way shall be removed."""
    await life.job("POST", "/v1/shares", {**_asked(life), "options": {"on_failure": "delete"}})
    await life.job("DELETE", f"/v1/shares/{life.name}")
    await _clear(life)


async def _remove(life: Life) -> None:
    """What somebody does in Azure's portal: the group, with all that is in it."""
    azure = life.slipway.azure
    group = f"/subscriptions/{azure.subscription_id}/resourceGroups/{life.name}".lower()

    async def take() -> int:
        store = azure.azure.cloud.store
        gone = [each.id for each in store if f"{each.id.lower()}/".startswith(f"{group}/")]
        return sum(store.remove(each) is not None for each in gone)

    assert azure.call(take()) > 1


SHARE_SCENARIOS = (
    Scenario("shared", share),
    Scenario("restored", restored_share),
    Scenario("adopted", adopted_share),
    Scenario(FAILING_SHARE, failing_share),
)
