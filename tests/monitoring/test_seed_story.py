"""The story that a team begins with: storage that outlives a pod, an agent on each node, and what the pod printed."""

from typing import Any

from tests.monitoring.monitored import enabled, monitoring, until
from tests.storage.bound import Stage
from tests.support.database import ONE_DATABASE
from tests.support.inside import Inside
from tests.support.whole import Slipway, reading

pytestmark = ONE_DATABASE

SIZE = "Standard_D4s_v5"
POOLS = [
    {"name": "system", "mode": "System", "size": SIZE, "count": 3},
    {"name": "windows", "os_type": "Windows", "size": SIZE, "count": 1},
]


async def test_a_pod_mounts_a_share_and_is_heard_and_each_node_has_its_agent(slipway: Slipway) -> None:
    """Trouble 70. Three Linux nodes and a Windows one; the share is made in the volume's own request."""
    made = await slipway.create(node_count=None, node_size=None, node_pools=POOLS)
    assert made["state"] == "succeeded", made
    stage = Stage(slipway, await Inside.of(slipway))
    await stage.bind(share={"name": "media", "quota_gib": 5})
    await stage.run_pod("gallery")
    assert await stage.pod_runs("gallery")

    async with reading(slipway):
        job = await enabled(slipway)
        assert (job["outcome"]["nodes"], job["outcome"]["windows_nodes"]) == (4, 1)
        shown = await until(lambda: monitoring(slipway), lambda found: found["nodes_running"] == 4)
    agents = sorted((node["os"], node["state"]) for node in shown["nodes"])
    assert agents == [("linux", "running")] * 3 + [("windows", "running")]

    async def printed() -> list[dict[str, Any]]:
        asked = {"query": "pod_logs", "namespace": "default", "pod": "gallery"}
        answer = await slipway.ask("POST", "/v1/clusters/blue/logs/query", asked)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    (first, *_) = await until(printed, bool)
    assert "gallery" in str(first)
    assert (await slipway.ask("GET", "/v1/shares/media")).json()["state"] == "ready"
