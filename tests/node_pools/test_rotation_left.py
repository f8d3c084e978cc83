"""What a rotation that stopped half way says of itself."""

import pytest

from app.node_pools.specs.rotation_left import rotation_left

DONE, FAILED = "succeeded", "failed"


@pytest.mark.parametrize(
    ("steps", "old_pool"),
    [
        ({"put_new_pool": DONE, "await_new_pool": FAILED}, "untouched"),
        ({"end_old_autoscaling": FAILED}, "held"),
        ({"end_old_autoscaling": DONE, "drain_nodes": FAILED, "restore_old_pool": FAILED}, "held"),
        ({"end_old_autoscaling": DONE, "drain_nodes": FAILED, "restore_old_pool": DONE}, "serving"),
        ({"end_old_autoscaling": DONE, "delete_old_pool": DONE, "restore_old_pool": DONE}, "leaving"),
    ],
)
def test_it_says_how_the_old_pool_was_left_and_how_to_go_on(steps: dict[str, str], old_pool: str) -> None:
    left = rotation_left(steps, "workers-new")
    assert (left["old_pool"], left["new_pool"]) == (old_pool, "workers-new")
    assert "`:retry` the job" in left["next"]
