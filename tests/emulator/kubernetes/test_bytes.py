"""Hostile bodies: whatever is sent, the answer is a Status and never a crash."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.emulator.kubernetes import protobuf
from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.fields import SCHEMA
from app.emulator.kubernetes.kinds import KINDS
from app.emulator.kubernetes.patches import PatchError, json_patch, merge, strategic_merge
from app.emulator.kubernetes.requests import Request, read_object
from app.emulator.kubernetes.status import StatusError
from app.emulator.kubernetes.store import Store
from app.emulator.kubernetes.tables import View, several
from app.emulator.kubernetes.writes import create
from tests.emulator.kubernetes.conftest import aware_now

_WORDS = st.sampled_from(["", "a", "web", "Big", "10.0.0.1", "None", "LoadBalancer", "2026-01-01T00:00:00Z", "é\x00"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70_000) | st.just(10**30) | st.floats(allow_nan=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=6,
)
_METADATA = st.fixed_dictionaries(
    {"name": st.just("web") | _WORDS | _VALUES},
    optional=dict.fromkeys(("labels", "annotations", "finalizers", "ownerReferences", "generateName"), _VALUES),
)
_PORTS = st.lists(
    st.dictionaries(st.sampled_from(["name", "port", "protocol", "targetPort", "nodePort"]), _VALUES, max_size=4),
    max_size=3,
)
_TYPED_SPEC = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]),
        "ports": st.lists(st.fixed_dictionaries({"port": st.integers(1, 3), "name": _WORDS}), max_size=2),
    },
    optional={
        "clusterIP": _WORDS,
        "externalName": _WORDS,
        "selector": st.dictionaries(_WORDS, _WORDS),
        "externalIPs": st.lists(_WORDS),
    },
)
_SPEC = st.fixed_dictionaries(
    {},
    optional={
        "ports": st.just([{"port": 80}]) | _PORTS | _VALUES,
        **dict.fromkeys(("type", "selector", "clusterIP", "clusterIPs", "externalIPs", "containers"), _VALUES),
    },
)
_BODIES = st.fixed_dictionaries(
    {"metadata": st.just({"name": "web"}) | _METADATA | _VALUES},
    optional={
        "spec": _TYPED_SPEC | _SPEC | _VALUES,
        **dict.fromkeys(("status", "data", "stringData", "type", "lastTimestamp", "involvedObject"), _VALUES),
    },
)


def _store() -> Store:
    store = Store(aware_now)
    store.create("namespaces", {"metadata": {"name": "default"}})
    return store


# How long drawing takes is the machine's affair: nothing in these tests is about time.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
@_UNTIMED
@given(body=_BODIES)
def test_any_body_is_stored_and_shown_or_refused(kind: Any, body: Object) -> None:
    request = Request("POST", "/", {}, {}, json.dumps(body).encode(), User("someone", ("group",)))
    store = _store()
    # Any other exception than a refusal is a crash.
    with suppress(StatusError):
        document, _ = read_object(request, kind)
        stored = create(store, kind, "default" if kind.namespaced else "", document)
        json.dumps(several(kind, [stored], {}, View.TABLE, aware_now()))


@_UNTIMED
@given(st.binary(max_size=200), st.sampled_from(["Service", "Secret", "Namespace", "DeleteOptions"]))
def test_any_bytes_after_the_magic_are_read_or_refused(data: bytes, kind: str) -> None:
    name = kind.encode()
    meta = b"\x0a\x02v1\x12" + bytes([len(name)]) + name
    body = b"k8s\x00\x0a" + bytes([len(meta)]) + meta + b"\x12" + _length(len(data)) + data
    with suppress(protobuf.ProtobufError):
        assert protobuf.decode(body)["kind"] == kind


def _length(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])


@_UNTIMED
@given(_VALUES)
def test_a_merge_patch_follows_rfc_7396(value: Any) -> None:
    target = {"a": {"b": 1, "c": [1, 2]}, "d": "e"}
    assert merge(target, {"a": {"b": None}}) == {"a": {"c": [1, 2]}, "d": "e"}
    assert merge(target, {}) == target
    patched = merge(target, {"x": value})
    assert ("x" in patched) == (value is not None)


def test_a_json_patch_follows_rfc_6902() -> None:
    target = {"list": [1, 2], "a/b": {"m~n": 1}}
    operations = [
        {"op": "add", "path": "/list/1", "value": 9},
        {"op": "add", "path": "/list/-", "value": 3},
        {"op": "replace", "path": "/a~1b/m~0n", "value": 2},
        {"op": "copy", "from": "/list/0", "path": "/copied"},
        {"op": "move", "from": "/a~1b", "path": "/moved"},
        {"op": "test", "path": "/list", "value": [1, 9, 2, 3]},
        {"op": "remove", "path": "/list/0"},
    ]
    assert json_patch(target, operations) == {"list": [9, 2, 3], "copied": 1, "moved": {"m~n": 2}}
    assert target == {"list": [1, 2], "a/b": {"m~n": 1}}
    with pytest.raises(PatchError):
        json_patch(target, [{"op": "replace", "path": "/list/7", "value": 1}])


def test_a_strategic_merge_patch_merges_by_the_lists_key() -> None:
    service = {"spec": {"ports": [{"port": 80, "name": "h"}, {"port": 443, "name": "s"}], "selector": {"a": "b"}}}
    patch = {
        "spec": {
            "ports": [{"port": 80, "name": "web"}, {"port": 443, "$patch": "delete"}, {"port": 90}],
            "$setElementOrder/ports": [{"port": 80}, {"port": 90}],
            "selector": {"$patch": "replace", "c": "d"},
        },
        "metadata": {"finalizers": ["x"]},
    }
    assert strategic_merge("Service", service, patch) == {
        "spec": {"ports": [{"port": 80, "name": "web"}, {"port": 90}], "selector": {"c": "d"}},
        "metadata": {"finalizers": ["x"]},
    }


def test_every_kind_has_its_fields() -> None:
    """A kind that is added without them would refuse every body."""
    for kind in KINDS:
        assert SCHEMA.message(kind.kind), kind.kind
