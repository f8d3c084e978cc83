"""Whatever Azure returns, reading it ends in a kubeconfig or in a broken rule, and in nothing else."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kubernetes.errors import UntrustedKubeconfigError
from app.kubernetes.kubeconfig import parse, rebuild
from tests.support.kubeconfigs import FQDN, Authority, dump, entra_login, local_document

AUTHORITY = Authority()
LOCAL = local_document(AUTHORITY, AUTHORITY.sign("clusterUser"))
ENTRA = LOCAL | {"users": [LOCAL["users"][0] | {"user": entra_login()}]}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all members and items of a document."""
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        inner = []
    return [(*path, key) for key, _ in inner] + [p for key, item in inner for p in places(item, (*path, key))]


def read(document: bytes) -> None:
    try:
        kubeconfig = parse(document, fqdns=[FQDN])
    except UntrustedKubeconfigError:
        return
    written = yaml.safe_load(rebuild(kubeconfig, context_name="prod"))
    assert written["clusters"][0]["cluster"]["server"] in {f"https://{FQDN}:443", f"https://{FQDN}"}
    assert set(written["clusters"][0]["cluster"]) <= {"server", "certificate-authority-data", "tls-server-name"}
    user = written["users"][0]["user"]
    assert set(user) <= {"client-certificate-data", "client-key-data", "token", "exec"}
    assert user.get("exec", {"command": "kubelogin"})["command"] == "kubelogin"


@settings(max_examples=300, deadline=None)
@given(data=st.data(), start=st.sampled_from([LOCAL, ENTRA]))
def test_a_value_in_any_place(data: st.DataObject, start: dict[str, Any]) -> None:
    document = yaml.safe_load(dump(start))
    *path, last = data.draw(st.sampled_from(places(document)))
    holder = document
    for part in path:
        holder = holder[part]
    holder[last] = data.draw(VALUES)
    read(dump(document))


@settings(max_examples=300, deadline=None)
@given(data=st.data(), start=st.sampled_from([LOCAL, ENTRA]), planted=st.binary(max_size=12))
def test_bytes_in_any_place(data: st.DataObject, start: dict[str, Any], planted: bytes) -> None:
    raw = dump(start)
    at = data.draw(st.integers(0, len(raw)))
    until = data.draw(st.integers(at, min(len(raw), at + 20)))
    read(raw[:at] + planted + raw[until:])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(document: bytes) -> None:
    with pytest.raises(UntrustedKubeconfigError):
        parse(document, fqdns=[FQDN])
