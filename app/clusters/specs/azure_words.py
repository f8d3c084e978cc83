"""What Azure's sentences about upgrades say, taken apart: who still uses an old API, which pod keeps which node."""

import re
from dataclasses import dataclass

# https://learn.microsoft.com/azure/aks/stop-cluster-upgrade-api-breaking-changes, Azure/AKS#3984, Azure/AKS#4951
_USE = re.compile(
    r"usage has been detected on API (?P<api>[^\s,]+),? and was recently seen at: (?P<seen>[^,\n]+), "
    r"which will be removed in (?P<removed>\d+\.\d+)(?P<more>[^\n*]*)"
)
_AGENT = re.compile(r"user ?agents?:? ?\[?'?(?P<agent>[^\]',\n]+)", re.IGNORECASE)
_VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "apply"})
# Azure/AKS#4783, Azure/AKS#3384
_NODE = re.compile(r"Drain (?:of )?(?:node )?(?P<node>[a-z0-9][a-z0-9.-]*) ", re.IGNORECASE)
_KEPT = re.compile(
    r"(?P<namespace>[a-z0-9-]+)/(?P<pod>[a-z0-9.-]+) blocked by pdb (?P<budget>[a-z0-9./-]+)(?: \((?P<bound>[^)]*)\))?"
)
# Azure/AKS#4951: callers that come with AKS, and that nobody but AKS can change.
_OWN_AGENTS = ("aks-", "azure-", "kube-", "cloud-controller", "konnectivity", "coredns", "addon-", "ama-", "omsagent")
_OWN_APIS = ("flowcontrol.apiserver.k8s.io",)


@dataclass(frozen=True, slots=True)
class ApiUse:
    """A use of an old API as AKS tells it. `verb` and `user_agent` where it names them; `own`: AKS's own caller."""

    api: str
    verb: str | None
    last_seen: str
    removed_in: str
    user_agent: str | None
    own: bool

    def sentence(self) -> str:
        """All of it, for a person."""
        by = f" by {self.user_agent}" if self.user_agent else ""
        verb = f" ({self.verb})" if self.verb else ""
        whose = " The caller is one of AKS's own." if self.own else ""
        return f"{self.api}{verb} was used{by}, last at {self.last_seen}; it is gone from {self.removed_in} on.{whose}"


@dataclass(frozen=True, slots=True)
class DrainBlock:
    """A drain that a pod has stopped. `pod` and `budget` None: Azure did not name them."""

    node: str
    namespace: str | None = None
    pod: str | None = None
    budget: str | None = None
    bound: str | None = None


def uses_in(message: str) -> tuple[ApiUse, ...]:
    """The uses that AKS refuses an upgrade for; its own callers come last (trouble 45)."""
    found = [_use(match) for match in _USE.finditer(message)]
    return tuple(sorted(found, key=lambda use: use.own))


def _use(match: re.Match[str]) -> ApiUse:
    api, _, last = match["api"].rpartition(".")
    verb = last if last in _VERBS else None
    name = api if verb else match["api"]
    agent = _AGENT.search(match["more"])
    said = agent["agent"].strip() if agent else None
    own = (said or "").lower().startswith(_OWN_AGENTS) if said else name.startswith(_OWN_APIS)
    return ApiUse(name, verb, match["seen"].strip(), match["removed"], said, own)


def drain_block_in(message: str) -> DrainBlock | None:
    """The node that could not be drained, and why; None where the sentence is about something else."""
    node = _NODE.search(message)
    if node is None:
        return None
    kept = _KEPT.search(message)
    if kept is None:
        return DrainBlock(node["node"])
    return DrainBlock(node["node"], kept["namespace"], kept["pod"], kept["budget"].rpartition("/")[2], kept["bound"])
