"""Controller revisions: the templates that a daemon set or stateful set has had."""

import copy

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.owners import Owners, owner_reference
from app.emulator.kubernetes.controllers.templates import template_hash
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.removal import remove
from app.emulator.kubernetes.store import Store

_RESOURCE = "controllerrevisions.apps"
HASH = "controller-revision-hash"


def current_revision(store: Store, owners: Owners, resource: str, owner: Object) -> str:
    """Return the hash of an owner's present template, whose revision is made or renumbered where it must."""
    kind, metadata = BY_RESOURCE[resource], owner["metadata"]
    template = owner["spec"]["template"]
    hashed = template_hash(template)
    name = f"{metadata['name']}-{hashed}"
    known = sorted(owners.owned(owner, _RESOURCE), key=lambda one: one.get("revision", 0))
    newest = known[-1].get("revision", 0) if known else 0
    found = store.get(_RESOURCE, metadata["namespace"], name)
    if found is None:
        data = {"spec": {"template": {**copy.deepcopy(template), "$patch": "replace"}}}
        labels = {**at(template, "metadata.labels", {}), HASH: hashed}
        references = [owner_reference(kind.api_version, kind.kind, owner)]
        made = {
            "metadata": {"name": name, "labels": labels, "ownerReferences": references},
            "data": data,
            "revision": newest + 1,
        }
        writes.create(store, BY_RESOURCE[_RESOURCE], metadata["namespace"], made)
    elif found.get("revision", 0) < newest:
        store.replace(_RESOURCE, {**found, "revision": newest + 1})
    over = len(known) - 1 - owner["spec"].get("revisionHistoryLimit", 10)
    for old in known[: max(0, over)]:
        if old["metadata"]["name"] != name:
            remove(store, _RESOURCE, old)
    return hashed
