"""docs/azure.md's custom role holds the actions of the calls that app/azure can send: each of them, and no more."""

import ast
import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.core.rest import HttpRequest

ROOT = Path(__file__).resolve().parents[2]
SDKS = ("containerservice", "resource.resources", "resource.subscriptions", "compute", "network", "storage")
VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
# Addresses that Azure gives, and Slipway asks while an operation runs.
FOLLOWED = (
    "/subscriptions/s/operationresults/x",
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c/commandResults/x",
    "/subscriptions/s/providers/Microsoft.ContainerService/locations/l/operations/x",
    "/subscriptions/s/providers/Microsoft.ContainerService/locations/l/operationresults/x",
    "/subscriptions/s/providers/Microsoft.Storage/locations/l/asyncoperations/x",
    # By app/azure/role_assignments.py, for which there is no client of the SDK here.
    "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments",
    "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/x",
    # By app/azure/locks.py, likewise.
    "/subscriptions/s/providers/Microsoft.Authorization/locks",
)
# What a query asks for is no matter of Resource Manager's, and has no builder there.
QUERIES = (
    "Microsoft.OperationalInsights/workspaces/query/read",
    "Microsoft.OperationalInsights/workspaces/query/*/read",
)


def calls(source: str) -> Iterator[tuple[str, str]]:
    """Operation group and method of each call of an SDK: the keyword `slipway_call` marks them all."""
    tree = ast.parse(source)
    groups = {
        target.attr: value.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(value := node.value, ast.Attribute)
        for target in node.targets
        if isinstance(target, ast.Attribute)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and any(word.arg == "slipway_call" for word in node.keywords):
            assert isinstance(node.func, ast.Attribute)
            assert isinstance(node.func.value, ast.Attribute)
            group = node.func.value.attr
            yield groups.get(group, group), node.func.attr.removeprefix("begin_")


def request(group: str, method: str) -> HttpRequest:
    """What the SDK sends for a method, by its own builder."""
    name = f"build_{group}_{method}_request"
    sdks = ("loganalytics",) if group.endswith("workspaces") else SDKS
    modules = [importlib.import_module(f"azure.mgmt.{sdk}.operations._operations") for sdk in sdks]
    older = f"azure.mgmt.monitor.operations._{group}_operations"
    if importlib.util.find_spec(older):
        return _built(getattr(importlib.import_module(older), f"build_{method}_request"))
    (build,) = (getattr(module, name) for module in modules if hasattr(module, name))
    return _built(build)


def _built(build: Callable[..., HttpRequest]) -> HttpRequest:
    parameters = inspect.signature(build).parameters.values()
    wanted = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.default is p.empty]
    return build(**{name: "Microsoft.ContainerService" if "namespace" in name else "x1" for name in wanted})


def action(method: str, path: str) -> str:
    """The action that Azure asks for, by its rule: namespace, types without names, verb."""
    *_, scope, last = ["", *re.split(r"/providers(?=/|$)", path)]
    names = last.strip("/").split("/")
    if "." not in names[0]:
        # Resource Manager's own: what lies right below the subscription, a list of providers too.
        below = (
            "providers" if path.endswith("/providers") else "/".join(scope.split("/")[3::2] or last.split("/")[3::2])
        )
        return f"Microsoft.Resources/subscriptions/{below}/{VERBS[method]}"
    namespace, *rest = names
    if method == "POST":
        return "/".join([namespace, *rest[:-1:2], rest[-1], "action"])
    return (
        "/".join([namespace, *rest[::2], VERBS[method]]) if rest else "Microsoft.Resources/subscriptions/providers/read"
    )


# By app/azure/key_vaults.py, on a vault's own plane, whose actions have names of their own.
DATA_ACTIONS = {("_client", "get_secret"): "Microsoft.KeyVault/vaults/secrets/getSecret/action"}


def documented(kind: str = "Actions") -> list[str]:
    text = (ROOT / "docs" / "azure.md").read_text("utf-8")
    role: dict[str, Any] = json.loads(text.partition("```json\n")[2].partition("```")[0])
    actions: list[str] = role[kind]
    return actions


def test_the_role_holds_the_actions_of_every_call_and_no_others() -> None:
    found = {call for file in (ROOT / "app" / "azure").rglob("*.py") for call in calls(file.read_text("utf-8"))}
    assert len(found) > 20
    needed = {action("GET", path).lower() for path in FOLLOWED} | {name.lower() for name in QUERIES}
    for group, method in found - {("_client", "query_workspace"), *DATA_ACTIONS}:
        built = request(group, method)
        needed.add(action(built.method, urlsplit(built.url).path).lower())
    assert DATA_ACTIONS.keys() <= found
    assert sorted(documented("DataActions")) == sorted(DATA_ACTIONS.values())
    held = [name.lower() for name in documented()]
    assert sorted(held) == sorted(set(held))
    assert sorted(needed - set(held)) == [], "needed, and not in docs/azure.md"
    assert sorted(set(held) - needed) == [], "in docs/azure.md, and not needed"
