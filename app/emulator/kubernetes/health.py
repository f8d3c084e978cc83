"""/healthz, /livez, /readyz: a cluster that listens is well."""

from app.emulator.kubernetes.status import no_such_path

_CHECKS = (
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/bootstrap-controller",
    "poststarthook/rbac/bootstrap-roles",
)
_NAMES = ("healthz", "livez", "readyz")


def is_check(path: str) -> bool:
    """Say whether a path is one of the checks or a part of one (`/livez/ping`)."""
    return path.strip("/").partition("/")[0] in _NAMES


def report(path: str, *, verbose: bool) -> str:
    """Return the text of a check, raise 404 for a part that does not exist."""
    name, _, part = path.strip("/").partition("/")
    checks = (*_CHECKS, "informer-sync", "shutdown") if name == "readyz" else _CHECKS
    if part:
        if part not in checks:
            raise no_such_path()
        return "ok"
    if not verbose:
        return "ok"
    return "".join(f"[+]{check} ok\n" for check in checks) + f"{name} check passed\n"
