"""Monitoring: an agent on each node, and what it sends."""

from typing import Any

from app.cli.screen import Json
from app.cli.story.teller import Teller

_QUERY: dict[str, Any] = {"query": "pod_logs", "namespace": "default", "limit": 3}


async def watch_cluster(teller: Teller, cluster: Json) -> None:
    """Turn monitoring on, see the agent of each node, and read logs."""
    path = f"/v1/clusters/{cluster['name']}/monitoring"
    teller.screen.chapter("Monitoring: an agent on each node, and its first data")
    await teller.do("PUT", path, {})
    seen = await teller.slipway.get(path)
    teller.screen.text(f"GET {path}", "bold")
    teller.screen.facts(
        [
            ("State", seen["state"]),
            ("Workspace", seen["workspace"]["name"]),
            *((f"Agent on {node['name']}", node["state"]) for node in seen["nodes"]),
        ]
    )
    query = f"/v1/clusters/{cluster['name']}/logs/query"
    teller.screen.text(f"POST {query}", "bold")
    teller.screen.text(str(_QUERY).replace("'", '"'))
    answer = await teller.asked(query, _QUERY, lambda found: bool(found["rows"]))
    for row in answer["rows"]:
        teller.screen.text("  " + "  ".join(str(value) for value in row.values())[:110])


async def stop_watching(teller: Teller, cluster: Json) -> None:
    """Turn monitoring off; the workspace stays with what it has taken in until it is asked to go too."""
    path = f"/v1/clusters/{cluster['name']}/monitoring"
    workspace = (await teller.slipway.get(path))["workspace"]
    await teller.do("DELETE", path)
    await teller.do("DELETE", f"/v1/workspaces/{workspace['id']}")
