"""The two shared keys of a workspace: whoever has one can write into it."""

import base64

from app.emulator.core.cloud import Cloud
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.registry import Route
from app.emulator.providers.operational_insights.names import NAMESPACE, WORKSPACE, workspace_of

_KEY_BYTES = 64


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("POST", f"{WORKSPACE}/sharedKeys", "SharedKeys_GetSharedKeys", _get, NAMESPACE, 0.3),
        Route("POST", f"{WORKSPACE}/regenerateSharedKey", "SharedKeys_Regenerate", _regenerate, NAMESPACE, 0.5),
    ]


def new_keys(cloud: Cloud) -> dict[str, str]:
    """Both keys of a workspace, as `sharedKeys` shows them."""
    return {
        name: base64.b64encode(cloud.randomness.randbytes(_KEY_BYTES)).decode()
        for name in ("primarySharedKey", "secondarySharedKey")
    }


async def _get(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, dict(workspace_of(cloud, call).internal["keys"]))


async def _regenerate(cloud: Cloud, call: Call) -> Answer:
    workspace = workspace_of(cloud, call)
    workspace.internal["keys"] = new_keys(cloud)
    cloud.store.touch(workspace)
    call.effect = "updated"
    return Answer(200, dict(workspace.internal["keys"]))
