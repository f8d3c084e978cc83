"""What hangs on objects beside their status: scale, log, eviction; and what would need containers."""

import copy

from app.emulator.kubernetes import patching, reads, writes
from app.emulator.kubernetes.account_tokens import TOKEN_REQUEST, AccountTokens
from app.emulator.kubernetes.controllers.budgets import budget_status, budgets_of
from app.emulator.kubernetes.controllers.conditions import is_ready
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.cells import selector_text
from app.emulator.kubernetes.kinds.kind import Kind
from app.emulator.kubernetes.ownership.managers import Writer
from app.emulator.kubernetes.requests import Request, Target, read_object
from app.emulator.kubernetes.status import StatusError, bad_request, method_not_allowed, not_implemented
from app.emulator.kubernetes.store import Store

_SCALE = Kind(kind="Scale", plural="scales", singular="scale", namespaced=True, group="autoscaling")
_EVICTION = Kind(kind="Eviction", plural="evictions", singular="eviction", namespaced=True, group="policy")
_READS = {"GET", "HEAD"}
_REFUSED = {
    "attach": "container to attach to: no containers run",
    "exec": "container to execute a command in: no containers run",
    "portforward": "port to forward to: no containers run",
    "proxy": "server behind this proxy: no containers run",
}


def answer(
    store: Store, tokens: AccountTokens | None, request: Request, where: Target, by: Writer
) -> tuple[int, Object | str]:
    """Return the status and body of a request for a subresource; raise 404, 405, 429, 501."""
    document = reads.get(store, where.kind, where.namespace, where.name)
    match where.subresource:
        case "scale":
            return 200, _scale(store, request, where.kind, document, by)
        case "log" if request.method in _READS:
            return 200, _log(request, document)
        case "eviction" if request.method == "POST":
            return 201, _evict(store, request, where.kind, document)
        case "token" if request.method == "POST" and tokens is not None:
            return 201, tokens.issue(document, read_object(request, TOKEN_REQUEST)[0])
        case refused if refused in _REFUSED:
            raise not_implemented(_REFUSED[refused])
        case _:
            raise method_not_allowed()


def _scale(store: Store, request: Request, kind: Kind, document: Object, by: Writer) -> Object:
    present = _scale_of(document)
    if request.method in _READS:
        return present
    if request.method == "PUT":
        wanted, _ = read_object(request, _SCALE)
    elif request.method == "PATCH":
        wanted, _ = patching.patched(request, _SCALE, {key: present[key] for key in ("metadata", "spec", "status")})
    else:
        raise method_not_allowed()
    changed = copy.deepcopy(document)
    changed["spec"]["replicas"] = at(wanted, "spec.replicas", 0)
    version = at(wanted, "metadata.resourceVersion")
    changed["metadata"]["resourceVersion"] = version or document["metadata"]["resourceVersion"]
    return _scale_of(writes.update(store, kind, document, changed, by=by, dry_run=request.dry_run))


def _scale_of(document: Object) -> Object:
    metadata = document["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    selector = selector_text(document["spec"].get("selector"))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": document["spec"].get("replicas", 0)},
        "status": {"replicas": at(document, "status.replicas", 0), "selector": selector},
    }


def _log(request: Request, pod: Object) -> str:
    names = [container["name"] for container in pod["spec"]["containers"]]
    name = pod["metadata"]["name"]
    asked = request.query.get("container", "")
    if not asked and len(names) > 1:
        raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
    initial = [container["name"] for container in pod["spec"].get("initContainers") or ()]
    if asked and asked not in [*names, *initial]:
        raise bad_request(f"container {asked} is not valid for pod {name}")
    if at(pod, "status.phase") == "Pending":
        raise bad_request(f'container "{asked or names[0]}" in pod "{name}" is waiting to start: ContainerCreating')
    return f"No containers run in the local Azure: pod {name} is only shown as running, and writes no log.\n"


def _evict(store: Store, request: Request, kind: Kind, pod: Object) -> Object:
    eviction, _ = read_object(request, _EVICTION)
    budgets = budgets_of(store, pod)
    if len(budgets) > 1:
        raise _several_budgets()
    if is_ready(pod):
        for budget in budgets:
            status = budget_status(store, budget)
            if status["disruptionsAllowed"] < 1:
                raise _would_violate(budget["metadata"]["name"], status)
    options = eviction.get("deleteOptions") or {}
    dry_run = request.dry_run or options.get("dryRun") == ["All"]
    conditions = options.get("preconditions") or {}
    asked = writes.DeleteOptions(
        uid=conditions.get("uid"),
        version=conditions.get("resourceVersion"),
        grace=options.get("gracePeriodSeconds"),
        dry_run=dry_run,
    )
    writes.delete(store, kind, pod, asked)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _would_violate(budget: str, status: Object) -> StatusError:
    said = (
        f"The disruption budget {budget} needs {status['desiredHealthy']} healthy pods "
        f"and has {status['currentHealthy']} currently"
    )
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    cause = {"reason": "DisruptionBudget", "message": said}
    return StatusError(429, "TooManyRequests", message, {"causes": [cause]})


def _several_budgets() -> StatusError:
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    return StatusError(500, "InternalError", message)
