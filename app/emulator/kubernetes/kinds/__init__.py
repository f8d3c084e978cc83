"""The table of kinds: a new kind is a new entry here, with its fields in `fields`."""

from app.emulator.kubernetes.kinds.configuration import CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.kinds.namespaces import NAMESPACES
from app.emulator.kubernetes.kinds.nodes import EVENTS, LEASES, NODES, PODS
from app.emulator.kubernetes.kinds.reviews import (
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
)
from app.emulator.kubernetes.kinds.services import SERVICES

KINDS: tuple[Kind, ...] = (
    CONFIG_MAPS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    SELF_SUBJECT_REVIEWS,
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
    LEASES,
)

_BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
BY_RESOURCE = {kind.resource: kind for kind in KINDS}

# Groups that a real cluster serves and these do not: refused with a word, since a plain 404 reads like a typo.
REFUSED_GROUPS = {
    "apiextensions.k8s.io": "custom resource definitions",
    "admissionregistration.k8s.io": "admission webhooks",
    "apiregistration.k8s.io": "aggregated APIs",
}


def find_kind(group: str, version: str, plural: str) -> Kind | None:
    """Return the kind behind a path, or None."""
    return _BY_PATH.get((group, version, plural))
