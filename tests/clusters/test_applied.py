"""What Azure has not applied, although it says that it succeeded (trouble 9, scene 3)."""

from dataclasses import replace

from app.azure.types.agent_pool import AgentPool
from app.azure.types.cluster import ManagedCluster
from app.clusters.specs.applied import count_missing, tags_missing, version_missing

POOL = AgentPool("system", "System", "Linux", "Standard_D4s_v5", 2, "Succeeded", current_orchestrator_version="1.33.5")
SEEN = ManagedCluster(
    "id",
    "blue",
    "shared",
    "westeurope",
    "Succeeded",
    current_kubernetes_version="1.33.5",
    tags={"a": "1"},
    pools=(POOL,),
)


def test_what_was_applied_leaves_nothing_to_say() -> None:
    assert count_missing(SEEN, "system", 2, called="first") == []
    assert version_missing(SEEN, "1.33.5", {"system": "first", "gone": "gone"}) == []
    assert tags_missing(SEEN, {"a": "1"}) == []


def test_each_difference_is_told() -> None:
    older = replace(SEEN, pools=(replace(POOL, current_orchestrator_version="1.32.9"),))

    assert count_missing(SEEN, "system", 3, called="first") == ["Pool first has 2 nodes, not 3."]
    assert count_missing(SEEN, "other", 3, called="second") == ["Pool second is gone, not 3."]
    assert version_missing(older, "1.33.5", {"system": "first"}) == ["Pool first runs 1.32.9, not 1.33.5."]
    assert tags_missing(SEEN, {"a": "2", "b": ""}) == ["The tag a is not as asked.", "The tag b is not as asked."]
