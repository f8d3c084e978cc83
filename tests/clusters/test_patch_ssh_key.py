"""PATCH of the key that lets people onto a cluster's nodes."""

from typing import Any

import pytest

from app.core.ssh import generate_key_pair
from tests.clusters.patching import bodies, in_azure, patch
from tests.support.whole import Slipway


def _keys(sent: dict[str, Any]) -> Any:
    return sent["properties"]["linuxProfile"]["ssh"]["publicKeys"]


async def test_another_key_is_one_put_that_differs_in_it_alone(slipway: Slipway) -> None:
    await slipway.create(ssh_username="ops")
    key = generate_key_pair().public

    with bodies() as seen:
        made = await patch(slipway, ssh_public_key=f" {key}\n")

    assert made["end"]["state"] == "succeeded", made["end"]
    assert made["end"]["outcome"].get("applied_partially") is None
    assert made["changes"] == [{"op": "replace", "path": "/ssh_public_key", "value": key}]
    ((known, sent),) = seen
    assert _keys(sent) == [{"keyData": key}] != _keys(known)
    assert {**sent["properties"]["linuxProfile"], "ssh": None} == {"adminUsername": "ops", "ssh": None}
    assert sent["tags"] == known["tags"]
    assert _keys(await in_azure(slipway)) == [{"keyData": key}]


async def test_the_same_key_under_another_comment_asks_azure_nothing(slipway: Slipway) -> None:
    key = generate_key_pair().public
    await slipway.create(generate_ssh_key=False, ssh_public_key=key)
    before = len(slipway.azure.requests())

    for same in (key, f"{' '.join(key.split()[:2])} somebody@elsewhere"):
        answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"ssh_public_key": same})
        assert (answer.status_code, answer.json()["job"], answer.json()["changes"]) == (200, None, []), answer.text

    assert len(slipway.azure.requests()) == before


async def test_a_key_that_somebody_else_has_set_goes_with_the_next_change(slipway: Slipway) -> None:
    """Two keys that differ in the case of one letter are two keys."""
    key = generate_key_pair().public
    await slipway.create(generate_ssh_key=False, ssh_public_key=key)

    async def another() -> None:
        cloud = slipway.azure.azure.cloud
        (cluster,) = cloud.store.of_type("Microsoft.ContainerService/managedClusters")
        kind, body, *_ = key.split()
        cluster.body["properties"]["linuxProfile"]["ssh"]["publicKeys"] = [{"keyData": f"{kind} {body.swapcase()}"}]
        cloud.store.touch(cluster)

    slipway.azure.call(another())
    await patch(slipway, tags={"team": "shop"})
    assert _keys(await in_azure(slipway)) == [{"keyData": key}]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "required"),
        ("ssh-rsa AAAA", "invalid_ssh_key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret", "private_key_given"),
        ("", "wrong_length"),
    ],
)
async def test_what_is_no_key_is_refused_as_at_the_creation(slipway: Slipway, key: str | None, code: str) -> None:
    await slipway.create()
    before = (await slipway.cluster())["updated_at"]

    answer = await slipway.ask("PATCH", "/v1/clusters/blue", {"ssh_public_key": key})

    assert answer.status_code == 422, answer.text
    assert [(each["code"], each["pointer"]) for each in answer.json()["errors"]] == [(code, "/ssh_public_key")]
    assert "secret" not in answer.text
    assert (await slipway.cluster())["updated_at"] == before


async def test_what_azure_refuses_is_the_jobs_end_and_a_reconcile_sends_it_again(slipway: Slipway) -> None:
    await slipway.create()
    key = generate_key_pair().public
    slipway.azure.add_fault(
        "error", operation="ManagedClusters_CreateOrUpdate", status=400, code="InvalidParameter", message="no", count=1
    )

    made = await patch(slipway, ssh_public_key=key)
    assert made["end"]["state"] == "failed", made["end"]

    job = await slipway.ended(await slipway.accepted("POST", "/v1/clusters/blue:reconcile"))
    assert job["state"] == "succeeded", job
    assert _keys(await in_azure(slipway)) == [{"keyData": key}]
