"""Resource groups, resource providers, and any resource as a list shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.azure.types.provisioning import Provisioned


@dataclass(frozen=True, slots=True)
class Provider:
    """A resource provider of a subscription. `registration_state`: NotRegistered, Registering, Registered, ..."""

    namespace: str
    registration_state: str

    @property
    def registered(self) -> bool:
        """Whether resources of this provider can be made."""
        return self.registration_state.lower() == "registered"


@dataclass(frozen=True, slots=True)
class ResourceGroup(Provisioned):
    """A resource group. `provisioning_state`: Succeeded, Deleting, ..."""

    id: str
    name: str
    location: str
    tags: Mapping[str, str]
    provisioning_state: str


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """A resource of any type, as the list of a resource group names it."""

    id: str
    name: str
    type: str
    location: str | None
    tags: Mapping[str, str]


def same_id(left: str, right: str) -> bool:
    """Whether two resource ids name one resource: Azure compares them without regard to case."""
    return left.lower().rstrip("/") == right.lower().rstrip("/")
