"""Create, update, delete: the rules that hold for every kind, around the hooks of its own."""

import copy
import random
import re
import uuid
from dataclasses import dataclass

from app.emulator.kubernetes.documents import Object, at, timestamp
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.ownership.managers import Writer, after_write
from app.emulator.kubernetes.removal import FOREGROUND, remove
from app.emulator.kubernetes.status import (
    Cause,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
)
from app.emulator.kubernetes.store import Store

SYSTEM_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
# Without vowels and look-alikes, as k8s.io/apimachinery/pkg/util/rand.
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_LABEL = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"  # noqa: E501 (one message, word for word)
_LABEL_1035 = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"  # noqa: E501 (the same)
_SUBDOMAIN = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"  # noqa: E501 (the same)
_PATH = "may not contain '/' or '%' and may not be '.' or '..'"
_NAME_RULES = {
    "label": (re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"), 63, _LABEL),
    "label1035": (re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?"), 63, _LABEL_1035),
    "subdomain": (
        re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"),
        253,
        _SUBDOMAIN,
    ),
    "path": (re.compile(r"(?!\.{1,2}$)[^/%]+"), 253, _PATH),
}
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LABEL_VALUE_RULE = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"  # noqa: E501 (the same)
_LABEL_VALUE_LENGTH = 63
# What the server says of an object, whatever a client sends.
_OWNED = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "resourceVersion",
    "generation",
)


@dataclass(frozen=True)
class DeleteOptions:
    """What a DELETE asks beside the name; `propagation` is Background, Foreground or Orphan, `grace` is in seconds."""

    uid: str | None = None
    version: str | None = None
    propagation: str = "Background"
    grace: int | None = None
    dry_run: bool = False


def create(
    store: Store,
    kind: Kind,
    namespace: str,
    document: Object,
    *,
    by: Writer | list[Object] | None = None,
    dry_run: bool = False,
) -> Object:
    """Store a new object, whose document the caller gives away.

    `by` is who comes to own its fields, or a list of all who do; without it nobody is said to.
    """
    metadata = document.setdefault("metadata", {})
    if metadata.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    for owned in ("uid", "creationTimestamp", "deletionTimestamp", "managedFields", "selfLink", "generation"):
        metadata.pop(owned, None)
    _place(kind, metadata, namespace)
    _take_name(store, kind, metadata, namespace)
    _check(kind, document, None)
    if kind.has_generation:
        metadata["generation"] = 1
    _set_managers(metadata, after_write(kind, None, document, [], by))
    kind.allocate(document, store)
    document.pop("kind", None)
    document.pop("apiVersion", None)
    if dry_run:
        born = {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp(store.now())}
        return {**document, "metadata": {**metadata, **born}}
    return store.create(kind.resource, document)


def _take_name(store: Store, kind: Kind, metadata: Object, namespace: str) -> None:
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + "".join(random.choices(_SUFFIX, k=5))
    if kind.namespaced:
        _check_namespace(store, kind, namespace, metadata.get("name", ""))
    if metadata.get("name") and store.get(kind.resource, namespace, metadata["name"]):
        raise already_exists(kind.plural, metadata["name"], kind.group)
    if not metadata.get("name"):
        cause = Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
        raise invalid(kind.kind, "", [cause], kind.group)


def update(
    store: Store,
    kind: Kind,
    previous: Object,
    document: Object,
    *,
    by: Writer | list[Object] | None = None,
    status: bool = False,
    dry_run: bool = False,
) -> Object:
    """Store another state of an object; with `status`, of its status alone. `by` as in `create`."""
    before = previous["metadata"]
    metadata = document.setdefault("metadata", {})
    _check_identity(kind, before, metadata)
    metadata["name"] = before["name"]
    _keep_owned(before, metadata)
    kept = metadata.pop("managedFields", None)
    managers: list[Object] = before.get("managedFields", []) if kept is None or status else kept
    if status:
        document = {**copy.deepcopy(previous), "status": document.get("status", {})}
        metadata = document["metadata"]
    elif kind.has_status:
        document["status"] = copy.deepcopy(previous.get("status", {}))
    _check(kind, document, previous)
    if kind.has_generation:
        metadata["generation"] = before.get("generation", 1) + (_counted(document) != _counted(previous))
    _set_managers(metadata, after_write(kind, previous, document, managers, by))
    kind.allocate(document, store)
    document.pop("kind", None)
    document.pop("apiVersion", None)
    if dry_run:
        return document
    stored = store.replace(kind.resource, document)
    after = stored["metadata"]
    # The namespace controller ends a namespace, a pod's containers hold it for its seconds of grace.
    held = after.get("finalizers") or kind.kind == "Namespace" or after.get("deletionGracePeriodSeconds")
    if after.get("deletionTimestamp") and not held:
        return store.delete(kind.resource, before.get("namespace", ""), before["name"])
    return stored


def _keep_owned(before: Object, metadata: Object) -> None:
    for owned in _OWNED:
        if owned in before:
            metadata[owned] = before[owned]
        else:
            metadata.pop(owned, None)


def _set_managers(metadata: Object, managers: list[Object]) -> None:
    metadata.pop("managedFields", None)
    if managers:
        metadata["managedFields"] = managers


def _counted(document: Object) -> Object:
    return {key: value for key, value in document.items() if key not in {"kind", "apiVersion", "metadata", "status"}}


def _check_identity(kind: Kind, before: Object, metadata: Object) -> None:
    name = before["name"]
    if metadata.get("name") not in {None, name}:
        said = f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        raise bad_request(said)
    _place(kind, metadata, before.get("namespace", ""))
    if metadata.get("uid") not in {None, "", before["uid"]}:
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {before['uid']}"
        raise conflict(kind.plural, name, kind.group, why)
    if metadata.get("resourceVersion") not in {None, "", before["resourceVersion"]}:
        raise conflict(kind.plural, name, kind.group)


def delete(store: Store, kind: Kind, document: Object, options: DeleteOptions) -> Object:
    """Remove an object, or mark it while finalizers hold it; return its last state."""
    metadata = document["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace", "")
    for said, wanted, found in (
        ("UID", options.uid, metadata["uid"]),
        ("ResourceVersion", options.version, metadata["resourceVersion"]),
    ):
        if wanted and wanted != found:
            why = f"Precondition failed: {said} in precondition: {wanted}, {said} in object meta: {found}"
            raise conflict(kind.plural, name, kind.group, why)
    if kind.kind == "Namespace" and name in SYSTEM_NAMESPACES:
        raise forbidden(kind.plural, name, "this namespace may not be deleted")
    if options.dry_run:
        return document
    if kind.kind == "Namespace":
        return _terminate(store, document)
    if options.propagation == "Orphan":
        _orphan(store, metadata["uid"])
    if options.propagation == "Foreground" and not metadata.get("deletionTimestamp"):
        held = {**metadata, "finalizers": [*(metadata.get("finalizers") or []), FOREGROUND]}
        document = store.replace(kind.resource, {**document, "metadata": held})
    elif kind.resource == "pods" and options.grace == 0 and metadata.get("deletionTimestamp"):
        return _end(store, document)
    remove(store, kind.resource, document, grace=options.grace)
    return store.get(kind.resource, namespace, name) or document


def _end(store: Store, pod: Object) -> Object:
    """End a pod that is already going, without its grace."""
    metadata = pod["metadata"]
    if not metadata.get("finalizers"):
        store.delete("pods", metadata["namespace"], metadata["name"])
    return pod


def _terminate(store: Store, namespace: Object) -> Object:
    if namespace["metadata"].get("deletionTimestamp"):
        return namespace
    metadata = {**namespace["metadata"], "deletionTimestamp": timestamp(store.now())}
    status = {**namespace.get("status", {}), "phase": "Terminating"}
    return store.replace("namespaces", {**namespace, "metadata": metadata, "status": status})


def _orphan(store: Store, owner: str) -> None:
    for resource in list(store.resources()):
        for document in store.list_(resource):
            references = document["metadata"].get("ownerReferences") or []
            rest = [entry for entry in references if entry["uid"] != owner]
            if len(rest) != len(references):
                metadata = {**document["metadata"], "ownerReferences": rest}
                store.replace(resource, {**document, "metadata": metadata})


def _place(kind: Kind, metadata: Object, namespace: str) -> None:
    if not kind.namespaced:
        metadata.pop("namespace", None)
        return
    if metadata.get("namespace") not in {None, "", namespace}:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    metadata["namespace"] = namespace


def _check_namespace(store: Store, kind: Kind, namespace: str, name: str) -> None:
    found = store.get("namespaces", "", namespace)
    if found is None:
        raise not_found("namespaces", namespace)
    if found["metadata"].get("deletionTimestamp"):
        said = f"namespace {namespace} is being terminated"
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = Cause("NamespaceTerminating", said, "metadata.namespace")
        raise forbidden(kind.plural, name, why, kind.group, [cause])


def _check(kind: Kind, document: Object, previous: Object | None) -> None:
    kind.prepare(document, previous)
    metadata = document["metadata"]
    causes = [] if previous else _name_causes(kind, metadata["name"])
    for key, value in (metadata.get("labels") or {}).items():
        if len(value) > _LABEL_VALUE_LENGTH or not _LABEL_VALUE.fullmatch(value):
            said = f'Invalid value: "{value}": {_LABEL_VALUE_RULE}'
            causes.append(Cause("FieldValueInvalid", said, f"metadata.labels[{key}]"))
    causes += kind.validate(document, previous)
    if causes:
        raise invalid(kind.kind, metadata["name"], causes, kind.group)
    for empty in [key for key in ("labels", "annotations", "finalizers") if not at(metadata, key, True)]:
        del metadata[empty]


def _name_causes(kind: Kind, name: str) -> list[Cause]:
    pattern, longest, rule = _NAME_RULES[kind.name_rule]
    if len(name) > longest:
        said = f'Invalid value: "{name}": must be no more than {longest} characters'
        return [Cause("FieldValueInvalid", said, "metadata.name")]
    if not pattern.fullmatch(name):
        return [Cause("FieldValueInvalid", f'Invalid value: "{name}": {rule}', "metadata.name")]
    return []
