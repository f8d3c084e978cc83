"""How a rotation begins, goes on and is taken up; and in which order pods are restarted."""

from datetime import UTC, datetime, timedelta

import pytest

from app.kubernetes.types.pod import PodController, PodState
from app.storage.specs.mounts import Done, Evict, HeldMounts, Mount, Reason, Wait, mount_of, next_restart, told
from app.storage.specs.rotation import Phase, Rotation, begin_or_go_on, must_regenerate

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LEFT = Rotation("job_a", "key2", "key1", Phase.BACK, NOW - timedelta(days=1), before="f00")


def begin(stored: Rotation | None, *, job: str = "job_b", retry_of: str | None = None) -> Rotation:
    json = None if stored is None else stored.as_json()
    return begin_or_go_on(json, active_key="key1", job_id=job, retry_of=retry_of, now=NOW)


def test_the_key_in_use_is_the_one_that_is_made_anew() -> None:
    assert begin(None) == Rotation("job_b", "key1", "key2", Phase.TO_SPARE, NOW)


def test_a_first_step_that_is_repeated_finds_its_own_rotation() -> None:
    begun = begin(None)
    assert begin(begun, job="job_b") == begun


def test_a_retry_takes_up_where_the_job_before_it_stopped() -> None:
    taken = begin(LEFT, retry_of="job_a")
    assert (taken.phase, taken.before, taken.started_at) == (Phase.BACK, "f00", LEFT.started_at)
    assert taken.job_id == "job_b"


def test_a_new_wish_is_a_new_key_and_the_keys_keep_their_parts() -> None:
    """Else the key that some Secrets hold already would be the one that is made anew."""
    assert begin(LEFT) == Rotation("job_b", "key2", "key1", Phase.TO_SPARE, NOW)


def test_after_a_rotation_that_is_done_the_next_begins_with_the_key_in_use() -> None:
    done = Rotation("job_a", "key2", "key1", Phase.DONE, NOW, before="f00")
    assert begin(done, retry_of="job_a") == Rotation("job_b", "key1", "key2", Phase.TO_SPARE, NOW)


@pytest.mark.parametrize(
    ("phase", "now", "must"), [("to_spare", "f00", True), ("to_spare", "f01", False), ("back", "f00", False)]
)
def test_a_key_that_was_made_anew_already_is_left(phase: str, now: str, *, must: bool) -> None:
    rotation = Rotation("job_a", "key1", "key2", Phase(phase), NOW, before="f00")
    assert must_regenerate(rotation, {"key1": now, "key2": "f02"}) is must


def pod(
    name: str, *, uid: str = "", node: str = "n1", ready: bool = True, deleting: bool = False, kind: str = "ReplicaSet"
) -> PodState:
    controller = PodController(kind, "web", "rs") if kind else None
    return PodState(
        "shop", name, uid or f"u-{name}", node, ready, deleting, claims=("data", "own"), controller=controller
    )


def mounts(*pods: PodState) -> list[Mount]:
    return [mount_of(each, ["data"], cluster_id="cls_1", cluster_name="blue") for each in pods]


def test_one_pod_goes_at_a_time_and_the_next_when_its_successor_is_ready() -> None:
    """Trouble 63: pods in order."""
    a, b = pod("a"), pod("b")
    old = mounts(a, b)
    assert next_restart(old, [a, b]) == Evict(a)
    assert next_restart(old, [pod("a", deleting=True), b]) == Wait("Waiting for the end of the pod shop/a")
    assert next_restart(old, [b]) == Wait("Waiting for a pod in place of the one that was restarted")
    assert next_restart(old, [b, pod("c", ready=False)]) == Wait("Waiting until the pod shop/c is ready")
    assert next_restart(old, [b, pod("c")]) == Evict(b)
    assert next_restart(old, [pod("c")]) == Wait("Waiting for a pod in place of the one that was restarted")
    assert next_restart(old, [pod("c"), pod("d")]) == Done()


def test_a_pod_of_a_stateful_set_has_the_name_of_its_successor() -> None:
    a = pod("db-0", uid="u-1", kind="StatefulSet")
    assert next_restart(mounts(a), [pod("db-0", uid="u-2", ready=False)]) == Wait(
        "Waiting until the pod shop/db-0 is ready"
    )
    assert next_restart(mounts(a), [pod("db-0", uid="u-2")]) == Done()


def test_what_serves_nobody_goes_first_and_then_node_by_node() -> None:
    pods = [pod("a", node="n2"), pod("b", node="n1"), pod("c", node="n3", ready=False)]
    assert next_restart(mounts(*pods), pods) == Evict(pods[2])
    assert next_restart(mounts(*pods[:2]), pods[:2]) == Evict(pods[1])


@pytest.mark.parametrize(("kind", "reason"), [("", Reason.NO_CONTROLLER), ("Job", Reason.RUNS_TO_AN_END)])
def test_what_nobody_would_make_anew_is_named_and_left(kind: str, reason: Reason) -> None:
    alone = pod("a", kind=kind)
    assert mounts(alone)[0].reason is reason
    assert next_restart(mounts(alone), [alone]) == Done()
    held = HeldMounts(mounts(alone))
    assert [mount.reason for mount in held.still([alone], mounts(alone))] == [reason]


def test_a_restart_beside_a_pod_that_kept_the_mount_is_told_as_what_it_is() -> None:
    """The driver mounts once for a node: the share stays mounted while any pod there has it."""
    a, b, far = pod("a"), pod("b"), pod("far", node="n2")
    old, held = mounts(a, b, far), HeldMounts(mounts(a, b, far))
    neighbour, last, fresh = pod("c"), pod("d"), pod("e", node="n2")
    for now in ([b, neighbour, far], [neighbour, last, far], [neighbour, last], [neighbour, last, fresh]):
        held.look(now)
    still = held.still([neighbour, last, fresh], old)
    assert [(mount.pod, mount.claims, mount.reason) for mount in still] == [
        ("c", ("data",), Reason.SHARES_NODE),
        ("d", ("data",), Reason.SHARES_NODE),
    ]


def test_a_node_that_was_empty_once_has_a_new_mount() -> None:
    a = pod("a")
    held = HeldMounts(mounts(a))
    for now in ([], [pod("b")]):
        held.look(now)
    assert held.still([pod("b")], mounts(a)) == ()


def test_a_pod_that_has_its_predecessors_name_began_with_an_empty_node() -> None:
    """A look may miss the moment at which neither was there."""
    first, second = pod("db-0", uid="u-1", kind="StatefulSet"), pod("db-0", uid="u-2", kind="StatefulSet")
    held = HeldMounts(mounts(first))
    held.look([first])
    held.look([second])
    assert held.still([second], mounts(first)) == ()
    beside = HeldMounts(mounts(first, pod("web")))
    beside.look([second, pod("web")])
    assert len(beside.still([second, pod("web")], mounts(first, pod("web")))) == 2


def test_an_outcome_counts_all_mounts_and_names_a_hundred() -> None:
    found = told(mounts(*(pod(f"p{number}") for number in range(150))))
    assert (found["count"], len(found["items"])) == (150, 100)
    assert found["items"][0] == {
        "cluster_id": "cls_1",
        "cluster": "blue",
        "namespace": "shop",
        "pod": "p0",
        "node": "n1",
        "claims": ["data"],
        "reason": "mounted_before",
    }
