"""Management locks: what keeps a resource from being changed or removed, whoever asks. Slipway reads them only."""

import re
from urllib.parse import quote

from app.azure.clients import Clients
from app.azure.fields import Fields
from app.azure.types.call import Call
from app.azure.types.lock import Lock

_VERSION = "2020-05-01"
_LOCKS = "/providers/Microsoft.Authorization/locks"
_SCOPE = re.compile(r"^(.*)/providers/microsoft\.authorization/locks/[^/]+$", re.IGNORECASE)


class Locks:
    """`Microsoft.Authorization/locks`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def list_(self, scope: str, *, call: Call) -> tuple[Lock, ...]:
        """The locks at a scope and above it, by name."""
        url = f"{self._clients.url}{quote(scope, safe='/')}{_LOCKS}?api-version={_VERSION}"
        found: list[Lock] = []
        while url:
            body: object = (await self._clients.get(url, call=call)).json()
            page = Fields(body, "locks")
            found += [_lock(part) for part in page.parts("value")]
            url = page.maybe("nextLink") or ""
        above = f"{scope.lower().rstrip('/')}/"
        return tuple(
            sorted(
                (lock for lock in found if above.startswith(f"{lock.scope.lower().rstrip('/')}/")),
                key=lambda lock: lock.name,
            )
        )


def _lock(part: Fields) -> Lock:
    resource_id = part.text("id")
    scope = _SCOPE.match(resource_id)
    return Lock(
        name=part.text("name"),
        level=part.part("properties").text("level"),
        scope=scope[1] if scope else resource_id,
    )
