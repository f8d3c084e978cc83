"""A cluster's certificates are rotated: what is said before, and what works afterwards."""

from tests.clusters.test_power import until
from tests.support.whole import Slipway, reading

OWN = "/v1/clusters/blue"


async def test_a_rotation_says_its_downtime_before_and_what_is_void_afterwards(slipway: Slipway) -> None:
    """Trouble 35."""
    await slipway.create()
    before = (await slipway.ask("POST", f"{OWN}/credentials", {})).json()["kubeconfig"]
    asked = (await slipway.ask("POST", f"{OWN}:rotate-certificates")).json()["job"]
    assert asked["summary"].endswith(
        "Its API is down for up to 30 minutes, all nodes are made anew, and kubeconfigs given before are void."
    )
    job = await slipway.ended(asked["id"])
    assert job["state"] == "succeeded", job
    assert job["outcome"]["credentials_void"] == 1
    assert "1 kubeconfig given before logs in to nothing" in job["summary"]
    after = (await slipway.ask("POST", f"{OWN}/credentials", {})).json()["kubeconfig"]
    assert after != before
    told = [event for event in await slipway.events() if event["type"] == "cluster.certificates_rotated"]
    assert [event["data"]["credentials_void"] for event in told] == [1]
    # Slipway's own client, which was logged in before, has found its way back.
    await slipway.done("POST", f"{OWN}:scale", {"count": 2})


async def test_readers_log_in_anew_after_a_rotation(slipway: Slipway) -> None:
    await slipway.create()

    async def watching() -> bool:
        return ((await slipway.cluster())["kubernetes"] or {}).get("state") == "watching"

    async with reading(slipway):
        await until(watching)
        await slipway.done("POST", f"{OWN}:rotate-certificates", {})
        seen = (await slipway.cluster())["kubernetes"]["seen_at"]

        async def watching_since() -> bool:
            return await watching() and (await slipway.cluster())["kubernetes"]["seen_at"] > seen

        await until(watching_since)
