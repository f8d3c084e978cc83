"""Principals and roles."""

from dataclasses import dataclass

from app.core.errors import PermissionDeniedError
from app.models import Role

# Each role includes those before it.
_ORDER = (Role.READER, Role.OPERATOR, Role.ADMIN, Role.PLATFORM_ADMIN)


def includes(role: Role, wanted: Role) -> bool:
    """Tell whether a role may do what `wanted` may do."""
    return _ORDER.index(role) >= _ORDER.index(wanted)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: an API key. `project_id` is None for a platform-admin alone."""

    id: str
    name: str
    role: Role
    project_id: str | None

    def requires(self, role: Role) -> None:
        """Raise PermissionDeniedError when this principal's role is smaller than `role`."""
        if not includes(self.role, role):
            raise PermissionDeniedError(
                f"This needs the role {role}; your key has the role {self.role}.",
                remedy=f"Use a key with the role {role}, or ask an admin of your project for one.",
            )
