"""What kubectl printed inside a private cluster."""

import json

import pytest

from app.kubernetes.errors import KubernetesError
from app.kubernetes.printed import seen_in
from tests.kubernetes.test_gateway import node
from tests.kubernetes.test_reader import claim
from tests.support.reading import event, service


def printed(*items: dict[str, object]) -> str:
    return json.dumps({"kind": "List", "items": items})


def test_what_was_printed_is_seen_like_what_was_watched() -> None:
    objects = [
        {"kind": "Service", **service("web")},
        {"kind": "Node", **node("aks-1")},
        {"kind": "Service", **service("api")},
    ]
    storage = [
        {"kind": "PersistentVolumeClaim", **claim("data", "Bound")},
        {"kind": "PersistentVolume", "metadata": {"name": "pv"}},
        {"kind": "StorageClass", "metadata": {"name": "files"}, "provisioner": "file.csi.azure.com"},
    ]
    said = printed(event("e2", "2", "Second"), event("e1", "1", "First"))
    seen = seen_in(printed(*objects), said, printed(*storage))
    assert [found.name for found in seen.services or ()] == ["api", "web"]
    assert [found.name for found in seen.nodes or ()] == ["aks-1"]
    assert [found.reason for found in seen.events] == ["First", "Second"]
    assert [found.phase for found in seen.claims or ()] == ["Bound"]
    assert [found.name for found in seen.volumes or ()] == ["pv"]
    assert [found.name for found in seen.classes or ()] == ["files"]


@pytest.mark.parametrize(
    "broken",
    [
        printed({"kind": "Service", **service("web")})[:-9],
        "error: You must be logged in to the server",
        "[]",
        '{"items": 1}',
        '{"items": ["x"]}',
        '{"items": [{"kind": "Service", "metadata": 1}]}',
    ],
)
def test_what_was_cut_or_is_no_list_is_not_taken_for_an_empty_cluster(broken: str) -> None:
    with pytest.raises(KubernetesError):
        seen_in(broken, printed(), printed())


def test_storage_that_was_cut_is_not_taken_for_none() -> None:
    with pytest.raises(KubernetesError):
        seen_in(printed(), printed(), printed({"kind": "PersistentVolumeClaim", **claim("data", "Bound")})[:-9])
