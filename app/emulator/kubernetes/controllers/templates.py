"""Pods from templates, and the names and hashes that go with them."""

import copy
import json
import zlib

from app.emulator.kubernetes import writes
from app.emulator.kubernetes.controllers.owners import owner_reference
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds import BY_RESOURCE
from app.emulator.kubernetes.kinds.pods import PODS
from app.emulator.kubernetes.recorder import Recorder
from app.emulator.kubernetes.status import StatusError
from app.emulator.kubernetes.store import Store

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # k8s.io/apimachinery/pkg/util/rand


def template_hash(template: Object, collisions: int = 0) -> str:
    """Return a template's hash, in the letters that names may have."""
    text = json.dumps([template, collisions], sort_keys=True, separators=(",", ":"))
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(zlib.crc32(text.encode())))


def make_pod(
    store: Store, recorder: Recorder, resource: str, owner: Object, *, template: Object, name: str = ""
) -> Object | None:
    """Make a pod of a workload, or say on the workload why that is refused; without a name it draws one."""
    kind, metadata = BY_RESOURCE[resource], owner["metadata"]
    component = f"{kind.singular}-controller"
    of_template = template.get("metadata") or {}
    pod: Object = {
        "metadata": {
            **{key: copy.deepcopy(of_template[key]) for key in ("labels", "annotations") if key in of_template},
            **({"name": name} if name else {"generateName": f"{metadata['name']}-"}),
            "ownerReferences": [owner_reference(kind.api_version, kind.kind, owner)],
        },
        "spec": copy.deepcopy(template.get("spec") or {}),
    }
    try:
        made = writes.create(store, PODS, metadata["namespace"], pod)
    except StatusError as error:
        message = f"Error creating: {error.message}"
        recorder.record(resource, owner, reason="FailedCreate", message=message, component=component, type_="Warning")
        return None
    message = f"Created pod: {made['metadata']['name']}"
    recorder.record(resource, owner, reason="SuccessfulCreate", message=message, component=component)
    return made
