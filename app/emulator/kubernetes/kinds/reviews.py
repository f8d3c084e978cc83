"""Reviews: objects that are answered and never stored. Every user of an AKS cluster without Entra may do all."""

from typing import Any

from app.emulator.kubernetes.credentials import User
from app.emulator.kubernetes.documents import Object
from app.emulator.kubernetes.kinds.kind import Kind

_EVERYTHING: list[dict[str, Any]] = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def _who_am_i(document: Object, user: User) -> Object:
    return {**document, "status": {"userInfo": {"username": user.name, "groups": list(user.groups)}}}


def _allowed(document: Object, user: User) -> Object:
    role = 'ClusterRoleBinding "cluster-admin" of ClusterRole "cluster-admin"'
    reason = f'RBAC: allowed by {role} to Group "{user.groups[0]}"'
    return {**document, "status": {"allowed": True, "reason": reason}}


def _rules(document: Object, _user: User) -> Object:
    status = {
        "resourceRules": _EVERYTHING,
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }
    return {**document, "status": status}


SELF_SUBJECT_REVIEWS = Kind(
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    singular="selfsubjectreview",
    namespaced=False,
    group="authentication.k8s.io",
    verbs=("create",),
    review=_who_am_i,
)

SELF_SUBJECT_ACCESS_REVIEWS = Kind(
    kind="SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    singular="selfsubjectaccessreview",
    namespaced=False,
    group="authorization.k8s.io",
    verbs=("create",),
    review=_allowed,
)

SELF_SUBJECT_RULES_REVIEWS = Kind(
    kind="SelfSubjectRulesReview",
    plural="selfsubjectrulesreviews",
    singular="selfsubjectrulesreview",
    namespaced=False,
    group="authorization.k8s.io",
    verbs=("create",),
    review=_rules,
)
