"""What Azure, or whoever answers in its place, could slip to a caller in a kubeconfig."""

from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from app.kubernetes.errors import KubeconfigRule
from app.models import Cluster
from tests.support.credentials import YAML, answer_with, events, path_of, rows
from tests.support.hostile_kubeconfigs import PLANTED, hostile_kubeconfigs
from tests.support.kubeconfigs import Authority
from tests.support.local_azure import LocalAzureForTests
from tests.support.slices import Served

# The database plays no part in these.
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def _good(served: Served, cluster: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((await served.request("POST", path_of(cluster), Accept=YAML)).content)
    return found


async def test_of_a_hostile_kubeconfig_nothing_leaves_and_the_refusal_is_on_record(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = hostile_kubeconfigs(await _good(served, cluster), Authority().sign("leaf"))
    assert {one.rule for one in hostile} == set(KubeconfigRule)
    given_out = await rows(served.database)
    refusal = {"kind": "user", "asked_by": "operator", "code": "untrusted_kubeconfig"}
    wrong = []
    with capture_logs() as logs:
        for one in hostile:
            local_azure.clear_faults()
            answer_with(local_azure, one.document)
            answer = await served.request("POST", path_of(cluster))
            problem = answer.json()
            recorded = (await events(served.database))[-1]
            if (
                (answer.status_code, problem["code"]) != (502, "untrusted_kubeconfig")
                or one.rule.value not in problem["detail"]
                or recorded != ("credential.refused", refusal)
                or PLANTED in answer.text
            ):
                wrong.append((one.name, answer.status_code, answer.text[:300], recorded))
    assert not wrong
    assert await rows(served.database) == given_out
    assert len([event for event in await events(served.database) if event[0] == "credential.refused"]) == len(hostile)
    assert PLANTED not in repr(logs) + "".join(capsys.readouterr()) + repr(await events(served.database))


async def test_a_name_that_a_shell_would_obey_is_not_given_on(
    served: Served, cluster: Cluster, local_azure: LocalAzureForTests
) -> None:
    document = await _good(served, cluster)
    for name in ("$(id)", "a; rm -rf ~", "`id`", "../../etc/passwd", "--kubeconfig=/x", "<!channel>"):
        for part in ("clusters", "users", "contexts"):
            document[part][0]["name"] = name
        document["contexts"][0]["context"] = {"cluster": name, "user": name}
        document["current-context"] = name
        answer_with(local_azure, yaml.safe_dump(document).encode())

        answer = await served.request("POST", path_of(cluster))

        assert answer.status_code == 201
        assert name not in answer.text
