"""Whatever fits a kind's fields is stored, shown and acted upon, or refused: nothing breaks."""

import json
from contextlib import suppress

import pytest

from app.emulator.kubernetes.controllers import Controllers
from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.kinds import KINDS
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.node_sync import NodeSync
from app.emulator.kubernetes.requests import Request, read_object
from app.emulator.kubernetes.status import StatusError
from app.emulator.kubernetes.store import Store
from app.emulator.kubernetes.tables import View, several
from app.emulator.kubernetes.writes import create
from tests.emulator.kubernetes.bodies import Bodies, viable
from tests.emulator.kubernetes.client import node_spec
from tests.emulator.kubernetes.conftest import aware_now
from tests.emulator.kubernetes.workloads import Later

_SEEDS = 20
_ROUNDS = 6  # of what the controllers plan


def _put(store: Store, kind: Kind, seed: int) -> None:
    body = Bodies(seed).body(kind.message)
    if seed % 2:
        body = viable(kind.kind, body)
    body |= {"metadata": {"name": "web", "labels": {"app": "web"}}}
    body |= {"kind": kind.kind, "apiVersion": kind.api_version}
    document, _ = read_object(Request("POST", "/", {}, {}, json.dumps(body).encode(), User("u", ("g",))), kind)
    stored = create(store, kind, "default" if kind.namespaced else "", kind.keep(document))
    for view in View:
        json.dumps(several(kind, [stored], {}, view, aware_now()))


_STORED = [kind for kind in KINDS if kind.review is None]


@pytest.mark.parametrize("kind", _STORED, ids=lambda kind: f"{kind.api_version}/{kind.plural}")
async def test_no_body_breaks_the_server_or_its_controllers(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    accepted = 0
    for seed in range(_SEEDS):
        store, later = Store(aware_now), Later()
        controllers = Controllers(store, "ca", later.plan, lambda _mount: None)
        store.create("namespaces", {"metadata": {"name": "default"}})
        NodeSync(store, None).set_nodes([node_spec(0)])
        with suppress(StatusError):
            _put(store, kind, seed)
            accepted += 1
        for _ in range(_ROUNDS):
            controllers.work.drain()
            actions, later.actions = later.actions, {}
            for action in actions.values():
                action()
    assert accepted
    assert not [record for record in caplog.records if "broke" in record.message]
