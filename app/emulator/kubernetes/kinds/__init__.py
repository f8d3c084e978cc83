"""The table of kinds: a new kind is a new entry here, with its fields in `fields`."""

from app.emulator.kubernetes.kinds.configuration import CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS
from app.emulator.kubernetes.kinds.events import EVENTS, EVENTS_V1
from app.emulator.kubernetes.kinds.jobs import CRON_JOBS, JOBS
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.kinds.namespaces import NAMESPACES
from app.emulator.kubernetes.kinds.networking import (
    ENDPOINT_SLICES,
    ENDPOINTS,
    INGRESS_CLASSES,
    INGRESSES,
    NETWORK_POLICIES,
)
from app.emulator.kubernetes.kinds.nodes import LEASES, NODES
from app.emulator.kubernetes.kinds.pods import PODS
from app.emulator.kubernetes.kinds.policies import (
    AUTOSCALERS,
    AUTOSCALERS_V1,
    LIMIT_RANGES,
    POD_DISRUPTION_BUDGETS,
    PRIORITY_CLASSES,
    RESOURCE_QUOTAS,
)
from app.emulator.kubernetes.kinds.reviews import (
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
)
from app.emulator.kubernetes.kinds.roles import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from app.emulator.kubernetes.kinds.services import SERVICES
from app.emulator.kubernetes.kinds.storage import CSI_DRIVERS, CSI_NODES, STORAGE_CLASSES, VOLUME_ATTACHMENTS
from app.emulator.kubernetes.kinds.volumes import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from app.emulator.kubernetes.kinds.workloads import (
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
)

KINDS: tuple[Kind, ...] = (
    CONFIG_MAPS,
    ENDPOINTS,
    EVENTS,
    LIMIT_RANGES,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    CONTROLLER_REVISIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    SELF_SUBJECT_REVIEWS,
    SELF_SUBJECT_ACCESS_REVIEWS,
    SELF_SUBJECT_RULES_REVIEWS,
    AUTOSCALERS,
    AUTOSCALERS_V1,
    CRON_JOBS,
    JOBS,
    INGRESSES,
    INGRESS_CLASSES,
    NETWORK_POLICIES,
    POD_DISRUPTION_BUDGETS,
    CLUSTER_ROLES,
    CLUSTER_ROLE_BINDINGS,
    ROLES,
    ROLE_BINDINGS,
    ENDPOINT_SLICES,
    PRIORITY_CLASSES,
    CSI_DRIVERS,
    CSI_NODES,
    STORAGE_CLASSES,
    VOLUME_ATTACHMENTS,
    LEASES,
    EVENTS_V1,
)

_BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
BY_RESOURCE = {kind.resource: kind for kind in KINDS if not kind.stored_as}

# Kinds that clients ask for, and are refused with a word: without them kubectl would take the name for a typo.
REFUSED_KINDS: tuple[Kind, ...] = (
    Kind(
        kind="CustomResourceDefinition",
        plural="customresourcedefinitions",
        singular="customresourcedefinition",
        namespaced=False,
        group="apiextensions.k8s.io",
        short_names=("crd", "crds"),
    ),
)

# Groups that a real cluster serves and these do not: refused with a word, since a plain 404 reads like a typo.
REFUSED_GROUPS = {
    "apiextensions.k8s.io": "custom resource definitions",
    "admissionregistration.k8s.io": "admission webhooks",
    "apiregistration.k8s.io": "aggregated APIs",
}


def find_kind(group: str, version: str, plural: str) -> Kind | None:
    """Return the kind behind a path, or None."""
    return _BY_PATH.get((group, version, plural))
