"""What an identity may do: its roles at a scope and above. Slipway reads them, and never grants one."""

import fnmatch
from dataclasses import dataclass
from urllib.parse import quote

from app.azure.clients import Clients
from app.azure.fields import Fields
from app.azure.types.call import Call

_VERSION = "2022-04-01"


@dataclass(frozen=True, slots=True)
class _Permission:
    actions: tuple[str, ...]
    refused: tuple[str, ...]

    def allows(self, action: str) -> bool:
        return _any(self.actions, action) and not _any(self.refused, action)


class RoleAssignments:
    """`Microsoft.Authorization/roleAssignments` and the roles that they name."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def may(self, principal_id: str, action: str, scope: str, *, call: Call) -> bool:
        """Whether an identity may do an action at a scope, by a role there or above, its groups' too.

        One call, and one more for each role that it has. Deny assignments are not looked at: they are rare.
        """
        asked = quote(f"assignedTo('{principal_id}')", safe="")
        listed = await self._get(
            f"{scope}/providers/Microsoft.Authorization/roleAssignments", f"&$filter={asked}", call
        )
        roles = dict.fromkeys(each.part("properties").text("roleDefinitionId") for each in listed.parts("value"))
        for role in roles:
            definition = await self._get(role, "", call)
            for part in definition.part("properties").parts("permissions"):
                if _Permission(part.texts("actions"), part.texts("notActions")).allows(action):
                    return True
        return False

    async def _get(self, path: str, more: str, call: Call) -> Fields:
        url = f"{self._clients.url}{quote(path, safe='/')}?api-version={_VERSION}{more}"
        answer = await self._clients.get(url, call=call)
        body: object = answer.json()
        return Fields(body, "authorization")


def _any(patterns: tuple[str, ...], action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
