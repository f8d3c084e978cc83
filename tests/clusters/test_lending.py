"""What a pool lends, as numbers: its own count, and what Azure is to have."""

import pytest

from app.azure.types.agent_pool import AgentPoolSpec
from app.clusters.specs.lending import Loan
from app.clusters.specs.wanted import WantedPool


def lender(own: int, **lent: int) -> WantedPool:
    return WantedPool("steady", AgentPoolSpec("steady", "User", "Linux", "Standard_D2s_v5", own), lent=dict(lent))


def test_azure_is_to_have_what_is_lent_beside_the_own_count() -> None:
    """Trouble 49: what is kept is read back; what the caller has ended counts for nothing."""
    pool = lender(3, cheap=2, other=1)
    assert (pool.spec.count, pool.in_azure.count) == (3, 6)
    assert WantedPool.from_json(pool.as_json()) == pool
    assert pool.lending("cheap", None).lent == {"other": 1}
    ended = pool.recalled(["third"])
    assert (ended.lent, ended.in_azure.count) == ({"cheap": 0, "other": 0, "third": 0}, 3)


@pytest.mark.parametrize(
    ("there", "own", "lent"), [(5, 2, {"cheap": 2, "other": 1}), (3, 0, {"cheap": 2, "other": 1}), (1, 0, {"cheap": 1})]
)
def test_machines_that_are_removed_are_the_pools_own_first(there: int, own: int, lent: dict[str, int]) -> None:
    """Trouble 49."""
    pool = lender(3, cheap=2, other=1).of_size(there)
    assert (pool.spec.count, {name: count for name, count in pool.lent.items() if count}) == (own, lent)
    assert pool.in_azure.count == there


@pytest.mark.parametrize(
    ("before", "count", "seen", "left"),
    [
        (None, 2, 3, None),
        (None, 2, 4, 1),
        (None, 2, 5, 2),
        (2, None, 5, 2),
        (2, None, 3, None),
        (1, 2, 4, 1),
        (None, 2, 9, 2),
        (None, 2, 1, None),
    ],
)
def test_after_a_job_that_failed_as_much_is_lent_as_azure_has(
    before: int | None, count: int | None, seen: int, left: int | None
) -> None:
    """Trouble 49: no more than was lent before or was to be, whatever somebody else has done."""
    assert Loan("steady", "cheap", before, count).left(own=3, seen=seen) == left
