"""Who owns what: dependents by the uid of their owner, and their end with it."""

from collections import defaultdict

from app.emulator.kubernetes.controllers.work import Work
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds import KINDS
from app.emulator.kubernetes.removal import FOREGROUND, remove
from app.emulator.kubernetes.store import Change, Store

_Place = tuple[str, str, str]
_CONTROLLED = {"pods", "replicasets.apps"}  # what a controller takes up when it has none


class Owners:
    """An index of owner references, and the garbage collector that lives by it."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store = store
        self._work = work
        self._dependents: defaultdict[str, set[_Place]] = defaultdict(set)
        self._orphans: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        # Owners that go in the foreground, that is after their dependents.
        self._waiting: dict[str, _Place] = {}
        for kind in KINDS:
            if kind.review is None:
                work.on(kind.resource, self._hear)
                for document in store.list_(kind.resource):
                    self._index(kind.resource, document)
                    self._await(kind.resource, document)

    def owned(self, owner: Object, resource: str) -> list[Object]:
        """Return the objects of a resource that an owner controls, in order of their names."""
        uid = owner["metadata"]["uid"]
        places = sorted(place for place in self._dependents.get(uid, ()) if place[0] == resource)
        found = [self._store.get(*place) for place in places]
        return [document for document in found if document is not None and controller_of(document, uid)]

    def orphans(self, resource: str, namespace: str) -> list[Object]:
        """Return a namespace's objects that no controller has, in order of their names."""
        names = sorted(name for place, name in self._orphans.get(resource, ()) if place == namespace)
        found = [self._store.get(resource, namespace, name) for name in names]
        return [document for document in found if document is not None]

    def _hear(self, change: Change) -> None:
        metadata = change.object["metadata"]
        place = (change.resource, metadata.get("namespace", ""), metadata["name"])
        before, after = _owner_uids(change.previous), _owner_uids(change.object)
        if change.type == "DELETED":
            after = set()
            self._orphans[change.resource].discard(place[1:])
            if metadata["uid"] in self._dependents:
                self._work.add(self._collect, metadata["uid"], "")
        else:
            self._index(change.resource, change.object)
            self._await(change.resource, change.object)
        for uid in before - after:
            self._dependents[uid].discard(place)
            if not self._dependents[uid]:
                del self._dependents[uid]
                self._work.add(self._finish, uid, "")

    def _index(self, resource: str, document: Object) -> None:
        metadata = document["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        for uid in _owner_uids(document):
            self._dependents[uid].add((resource, *place))
        if resource in _CONTROLLED:
            (self._orphans[resource].discard if controller_of(document) else self._orphans[resource].add)(place)

    def _await(self, resource: str, document: Object) -> None:
        metadata = document["metadata"]
        if metadata.get("deletionTimestamp") and FOREGROUND in (metadata.get("finalizers") or ()):
            self._waiting[metadata["uid"]] = (resource, metadata.get("namespace", ""), metadata["name"])
            self._work.add(self._collect, metadata["uid"], "")
            self._work.add(self._finish, metadata["uid"], "")

    def _collect(self, owner: str, _: str) -> None:
        for place in sorted(self._dependents.get(owner, ())):
            document = self._store.get(*place)
            if document is not None:
                self._disown(place[0], document, owner)

    def _disown(self, resource: str, document: Object, owner: str) -> None:
        rest = [entry for entry in document["metadata"]["ownerReferences"] if entry["uid"] != owner]
        if rest:
            metadata = {**document["metadata"], "ownerReferences": rest}
            self._store.replace(resource, {**document, "metadata": metadata})
        else:
            remove(self._store, resource, document)

    def _finish(self, owner: str, _: str) -> None:
        place = self._waiting.get(owner)
        if place is None or self._dependents.get(owner):
            return
        del self._waiting[owner]
        document = self._store.get(*place)
        if document is None or document["metadata"]["uid"] != owner:
            return
        metadata = dict(document["metadata"])
        metadata["finalizers"] = [one for one in metadata.get("finalizers") or () if one != FOREGROUND]
        if metadata["finalizers"]:
            self._store.replace(place[0], {**document, "metadata": metadata})
        else:
            self._store.delete(*place)


def _owner_uids(document: Object | None) -> set[str]:
    references = (document or {"metadata": {}})["metadata"].get("ownerReferences")
    return {reference["uid"] for reference in references} if references else set()


def controller_of(document: Object, uid: str | None = None) -> Object | None:
    """Return the reference to an object's controller, None where it has none, or another than `uid`."""
    for reference in document["metadata"].get("ownerReferences") or ():
        if reference.get("controller") and uid in {None, reference["uid"]}:
            found: Object = reference
            return found
    return None


def owner_reference(api_version: str, kind: str, owner: Object) -> Object:
    """Return what a dependent says of its controller."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
