"""What Azure says to who may not: the action and the scope, and whom it knows the caller as."""

from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Call
from app.emulator.core.paths import split_path

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def authorization_failed(call: Call) -> AzureError:
    """403 `AuthorizationFailed` for this very call."""
    action, scope = _action_and_scope(call)
    return AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{call.principal}' with object id '{call.principal}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials.",
    )


def _action_and_scope(call: Call) -> tuple[str, str]:
    """`Microsoft.Network/publicIPAddresses/read` and the resource; of a list, what it lies in."""
    segments = split_path(call.path)
    lowered = [segment.lower() for segment in segments]
    if "providers" not in lowered:
        kind = "resourceGroups" if "resourcegroups" in lowered else "subscriptions"
        verb = _VERBS.get(call.method, "action")
        return f"Microsoft.Resources/subscriptions/{kind}/{verb}", "/" + "/".join(segments)
    start = len(lowered) - lowered[::-1].index("providers")
    namespace, tail = segments[start], segments[start + 1 :]
    kinds, names = tail[::2], tail[1::2]
    if call.method == "POST":
        verb, kinds, scope = f"{kinds[-1]}/action", kinds[:-1], segments[:-1]
    elif len(kinds) > len(names):  # a list
        verb, scope = _VERBS[call.method], segments[:-1]
    else:
        verb, scope = _VERBS[call.method], segments
    return "/".join([namespace, *kinds, verb]), "/" + "/".join(scope)
