"""/metrics: of all that an API server counts, which deprecated APIs it was asked for since its start."""

from collections.abc import Iterable

PATH = "/metrics"
_NAME = "apiserver_requested_deprecated_apis"


def report(uses: Iterable[tuple[str, str]]) -> str:
    """The text of Prometheus. `uses`: an API (`group.resource.version`), and in which version it is gone."""
    lines = [
        f"# HELP {_NAME} [STABLE] Gauge of deprecated APIs that have been requested, broken out by API group.",
        f"# TYPE {_NAME} gauge",
    ]
    for api, removed in sorted(uses):
        rest, _, version = api.rpartition(".")
        group, _, resource = rest.rpartition(".")
        labels = f'group="{group}",removed_release="{removed}",resource="{resource}",subresource="",version="{version}"'
        lines.append(f"{_NAME}{{{labels}}} 1")
    return "\n".join(lines) + "\n"
