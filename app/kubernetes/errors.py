"""What can go wrong between Slipway and a cluster."""

from enum import StrEnum
from typing import ClassVar

from app.core.errors import ErrorClass, SlipwayError


class KubernetesError(SlipwayError):
    """Base of the adapter's errors. No message quotes what a server or a kubeconfig said: it may hold secrets."""

    code: ClassVar[str] = "cluster_api_error"
    status: ClassVar[int] = 502
    title: ClassVar[str] = "The cluster's API server gave an answer that cannot be used"
    error_class: ClassVar[ErrorClass] = ErrorClass.UNKNOWN


class ClusterUnreachableError(KubernetesError):
    """No connection, or no answer in time."""

    code = "cluster_unreachable"
    status = 503
    title = "The cluster's API server does not answer"
    error_class = ErrorClass.TRANSIENT
    retryable = True


class ClusterNotServingError(ClusterUnreachableError):
    """The API server answers, but cannot serve at the moment: 429 or 5xx."""

    code = "cluster_not_serving"
    title = "The cluster's API server cannot serve at the moment"


class ClusterStoppedError(KubernetesError):
    """The cluster is stopped: it has no API server at the moment."""

    code = "cluster_stopped"
    status = 409
    title = "The cluster is stopped"
    error_class = ErrorClass.CONFLICT
    remedy = "Start it: POST /v1/clusters/{id}:start. Then ask again."


class ClusterPrivateError(ClusterUnreachableError):
    """The API server has a private address, to which this machine has no way."""

    code = "cluster_private"
    title = "The cluster's API server is private and cannot be reached from here"
    remedy = (
        "Run Slipway where it reaches the cluster's virtual network (peering, VPN) and resolves its private DNS zone."
    )


class ClientsUsedUpError(KubernetesError):
    """All clients that Slipway may have at once are in use."""

    code = "cluster_clients_used_up"
    status = 503
    title = "Slipway talks to too many clusters at once"
    error_class = ErrorClass.TRANSIENT
    retryable = True


class ClusterUnauthorizedError(KubernetesError):
    """The API server does not know the user (401)."""

    code = "cluster_unauthorized"
    title = "The cluster's API server refuses Slipway's user"
    error_class = ErrorClass.PERMISSION
    remedy = "Give Slipway's identity a role on the cluster, for example Azure Kubernetes Service Cluster User."


class ClusterForbiddenError(KubernetesError):
    """The API server knows the user, and does not let it do this (403)."""

    code = "cluster_forbidden"
    title = "The cluster does not let Slipway's user do this"
    error_class = ErrorClass.PERMISSION
    remedy = (
        "Give Slipway's identity rights inside the cluster: a role binding, or with Azure RBAC the role "
        "Azure Kubernetes Service RBAC Writer on the cluster."
    )


class EvictionBlockedError(KubernetesError):
    """A PodDisruptionBudget does not spare the pod at the moment (429 to an eviction)."""

    code = "eviction_blocked"
    status = 409
    title = "A disruption budget keeps the pod"
    error_class = ErrorClass.CONFLICT
    retryable = True
    remedy = "Wait until more pods of the budget are ready, add replicas, or have the budget allow one disruption."


class ClusterQuotaError(KubernetesError):
    """A ResourceQuota of the namespace is used up."""

    code = "kubernetes_quota_exceeded"
    status = 409
    title = "The namespace's quota is used up"
    error_class = ErrorClass.QUOTA
    remedy = "Raise the namespace's ResourceQuota, or remove what is not needed from it."


class AdmissionDeniedError(KubernetesError):
    """An admission webhook or policy of the cluster refused the object."""

    code = "kubernetes_admission_denied"
    status = 409
    title = "A policy of the cluster refuses this"
    error_class = ErrorClass.CONFIGURATION
    remedy = "Change the request so that the policy allows it, or have the policy changed by whoever owns it."


class NamespaceEndingError(KubernetesError):
    """The namespace is being deleted: nothing new can be made in it."""

    code = "kubernetes_namespace_ending"
    status = 409
    title = "The namespace is being deleted"
    error_class = ErrorClass.CONFLICT
    remedy = "Wait until the namespace is gone and make it again, or use another one."


class NotInClusterError(KubernetesError):
    """The cluster has no such object, or no such namespace for it."""

    code = "kubernetes_not_found"
    status = 404
    title = "The cluster has no such object"
    error_class = ErrorClass.GONE


class ObjectRefusedError(KubernetesError):
    """The API server understood the object and refuses it (400, 422); `errors` names the fields."""

    code = "kubernetes_refused"
    status = 422
    title = "The cluster refuses the object"
    error_class = ErrorClass.CONFIGURATION


class ObjectChangedError(KubernetesError):
    """The object has changed since it was read (409)."""

    code = "kubernetes_changed"
    status = 409
    title = "The object has changed in the cluster meanwhile"
    error_class = ErrorClass.TRANSIENT
    retryable = True


class FieldConflictError(KubernetesError):
    """Fields that were to be applied belong to another manager (kubectl, Helm…); `errors` names them and it."""

    code = "kubernetes_field_conflict"
    status = 409
    title = "Somebody else manages these fields of the object"
    error_class = ErrorClass.CONFLICT
    remedy = "Leave these fields to whoever set them, or have them given up there."


class WatchExpiredError(KubernetesError):
    """The API server has forgotten the resourceVersion from which a watch was to go on (410): list again."""

    code = "kubernetes_watch_expired"
    error_class = ErrorClass.TRANSIENT
    retryable = True


class ClusterIdentityError(KubernetesError):
    """What answers is not the cluster: its certificate is of another authority, or for another name."""

    code = "cluster_identity_mismatch"
    title = "What answers at the cluster's address is not the cluster"
    remedy = "Look for a proxy that opens TLS between Slipway and the cluster."


class KubeconfigRule(StrEnum):
    """The rules that a kubeconfig from Azure must keep; the value is what a caller is told when one is broken."""

    SIZE = "it is larger than 1 MB"
    YAML = "it is not one YAML document in UTF-8"
    ALIAS = "it uses YAML anchors, aliases or tags"
    DUPLICATE_KEY = "a key occurs twice"
    SHAPE = "it has not the shape of a kubeconfig"
    UNKNOWN_FIELD = "it has a field that is not allowed"
    ONE_CLUSTER = "it does not name exactly one cluster"
    ONE_USER = "it does not name exactly one user"
    ONE_CONTEXT = "it does not name exactly one context that joins its cluster and its user"
    HTTPS = "its server is no plain https address"
    SERVER_HOST = "its server is not the cluster's own"
    TLS_SERVER_NAME = "its tls-server-name is not the cluster's own name"
    INSECURE = "it turns the check of the server's certificate off"
    PROXY = "it leads through a proxy"
    AUTHORITY = "its certificate authority is not a list of authorities' certificates in PEM"
    FILE_PATH = "it refers to a file"
    AUTH_PROVIDER = "it uses an auth-provider"
    EXEC_COMMAND = "it runs a command that is not kubelogin"
    EXEC_ARGUMENTS = "it gives kubelogin arguments that are not allowed"
    CLIENT_CERTIFICATE = "its client certificate and key are not a pair"
    TOKEN = "its token is not a bearer token"  # noqa: S105 - a sentence, no secret
    NO_CREDENTIAL = "its user has no certificate and token, and no kubelogin either, or both"


class UntrustedKubeconfigError(KubernetesError):
    """Azure's kubeconfig breaks a rule, so nothing of it is used or given out."""

    code = "untrusted_kubeconfig"
    title = "The kubeconfig that Azure returned cannot be trusted"
    remedy = "Nothing was given out. Compare the cluster in Azure with what you expect, and report this."

    def __init__(self, rule: KubeconfigRule) -> None:
        super().__init__(f"The kubeconfig that Azure returned is refused: {rule.value}.")
        self.rule = rule
