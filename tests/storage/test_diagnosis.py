"""The mount doctor's judgement: what nodes say decides which cause comes first (trouble 67)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.azure.types.storage import NetworkRules
from app.kubernetes.types.service import EventSeen
from app.kubernetes.types.volume import ClaimState, PersistentVolumeState
from app.storage.specs.diagnosis import Diagnosis, Mount, PodSeen, SecretSeen, diagnose
from app.storage.specs.findings import Health
from app.storage.specs.mount_errors import explain_mount
from tests.storage.test_mount_path import ACCOUNT, NODES, SMB, group, nodes, rule

AT = datetime(2026, 11, 26, tzinfo=UTC)
CLAIM = ClaimState("shop", "data", "u1", "Bound", "pv", "", ("ReadWriteMany",), "5Gi", "5Gi")
VOLUME = PersistentVolumeState("pv", "p1", "Bound", "file.csi.azure.com", "h", "", "Retain", "5Gi", ("ReadWriteMany",))
SECRET = SecretSeen("slipway-accmedia", present=True, account="accmedia", opens="key1")
FINE = Mount(SMB, "pv", "accmedia", claim=CLAIM, volume=VOLUME, secret=SECRET)


def pod(message: str, *, ready: bool = False) -> PodSeen:
    event = EventSeen("FailedMount", message, "Warning", 1, AT, AT, "kubelet", "Pod", "web-0", "shop", "u2")
    return PodSeen("web-0", "n1", ready, (event,))


def codes(found: Diagnosis) -> list[str | None]:
    return [each.code for each in found.findings if each.health is Health.PROBLEM]


def test_a_mount_that_lacks_nothing_is_healthy() -> None:
    found = diagnose(FINE)
    assert (found.healthy, codes(found)) == (True, [])
    assert {each.check for each in found.findings} >= {
        "claim",
        "volume",
        "handle",
        "secret",
        "key",
        "pods",
        "dns",
        "ports",
    }


@pytest.mark.parametrize(
    ("mount", "code"),
    [
        (replace(FINE, claim=None), "claim_gone"),
        (replace(FINE, claim=replace(CLAIM, phase="Pending", volume="other")), "volume_missing"),
        (replace(FINE, volume=None), "persistent_volume_gone"),
        (replace(FINE, twins=("theirs",)), "handle_taken"),
        (replace(FINE, secret=replace(SECRET, present=False)), "secret_missing"),
        (replace(FINE, secret=replace(SECRET, account="other")), "secret_of_other_account"),
        (replace(FINE, secret=replace(SECRET, opens=None)), "key_stale"),
    ],
)
def test_what_is_wrong_in_the_cluster_is_the_cause(mount: Mount, code: str) -> None:
    found = diagnose(mount)
    assert not found.healthy
    assert codes(found)[0] == code
    assert all(each.remedy for each in found.findings if each.health is Health.PROBLEM)


@pytest.mark.parametrize(
    ("message", "first", "code"),
    [
        ("mount error(13): Permission denied", "key", "permission_denied"),
        ("mount error(115): Operation now in progress", "ports", "port_blocked"),
        ("mount error(2): No such file or directory", "fips", "no_such_share"),
        ('fetching NodeStageSecretRef shop/s failed: secrets "s" not found', "secret", "secret_missing"),
    ],
)
def test_of_several_causes_the_one_that_fits_what_the_node_says_comes_first(
    message: str, first: str, code: str
) -> None:
    """With everything wrong at once."""
    path = replace(
        SMB,
        account=replace(ACCOUNT, networks=NetworkRules(allow_all=False)),
        nodes=nodes(groups=(group(rule("deny", 200, "Deny")),), pools=(("a", "Linux", True),)),
    )
    secret = replace(SECRET, opens=None)
    mount = replace(FINE, path=path, secret=secret, pods=(pod(message),))
    if code == "secret_missing":
        mount = replace(mount, secret=replace(SECRET, present=False))
    found = diagnose(mount)
    own = [each for each in found.findings if each.health is Health.PROBLEM and each.check != "pods"]
    fitting = explain_mount(message)
    assert fitting is not None
    assert fitting.code == code
    assert own[0].check == first
    assert code in codes(found)


def test_a_name_that_is_not_found_leads_to_the_networks_own_name_servers() -> None:
    """Trouble 67: DNS."""
    path = replace(SMB, nodes=nodes(dns_servers=("10.0.0.4",)))
    message = "mount error: could not resolve address for accmedia.file.core.windows.net: Unknown error"
    found = diagnose(replace(FINE, path=path, pods=(pod(message),)))
    assert codes(found) == ["dns_failed"]
    assert next(each for each in found.findings if each.health is Health.WARNING).check == "dns"


def test_a_pod_that_runs_says_nothing_of_its_past() -> None:
    found = diagnose(replace(FINE, pods=(pod("mount error(13): Permission denied", ready=True),)))
    assert found.healthy


def test_a_message_that_nobody_knows_is_passed_on() -> None:
    found = diagnose(replace(FINE, pods=(pod("something else entirely"),)))
    assert codes(found) == ["mount_failed"]
    assert "something else entirely" in found.summary


def test_nodes_are_told_as_they_are() -> None:
    assert diagnose(replace(FINE, path=replace(SMB, nodes=NODES))).healthy
