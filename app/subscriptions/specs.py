"""Pure: the kinds of jobs, the rules of a request, what a group's tags shall be, how rows are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.azure.types.tags import JOB, is_reserved, owner_tags
from app.core.errors import FieldError
from app.core.ids import looks_like_id
from app.engine.kinds import JobKind
from app.models import Provider, ResourceGroup
from app.subscriptions.schemas import ProviderRead, ResourceGroupCreate, ResourceGroupRead

REGISTER_PROVIDER = JobKind(
    "provider.register",
    doing="Registering {target}",
    done="{target} is registered",
    deadline=timedelta(minutes=30),
    expected="provider_register",
    target_type="provider",
)
CREATE_GROUP = JobKind(
    "resource_group.create",
    doing="Creating resource group {target}",
    done="Resource group {target} is ready",
    deadline=timedelta(minutes=15),
    expected="resource_group_create",
    target_type="resource_group",
)
DELETE_GROUP = JobKind(
    "resource_group.delete",
    doing="Deleting resource group {target}",
    done="Resource group {target} is deleted",
    deadline=timedelta(hours=1),
    expected="resource_group_delete",
    target_type="resource_group",
)

PROVIDERS = (
    "Microsoft.Compute",
    "Microsoft.ContainerService",
    "Microsoft.Insights",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
)
"""The providers of what Slipway makes, as Azure spells them."""


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """Where a resource group is in Azure, whose it is, and what was asked of it."""

    group_id: str
    project_id: str
    subscription_id: str
    name: str
    location: str
    tags: dict[str, str]


def place_of(group: ResourceGroup) -> GroupPlace:
    """What a row's job needs to know."""
    return GroupPlace(
        group_id=group.id,
        project_id=group.project_id,
        subscription_id=group.subscription_id,
        name=group.azure_name,
        location=group.location,
        tags=dict(group.tags),
    )


def tags_of(place: GroupPlace, present: Mapping[str, str], *, job_id: str) -> dict[str, str]:
    """The tags that our group shall have: others that it has stay, and so does the id of the job that made it."""
    wanted = {**place.tags, **owner_tags(project_id=place.project_id)}
    # Azure compares the names of tags without regard to case, and takes none twice.
    named = {key.lower() for key in wanted}
    return {JOB: job_id, **{key: value for key, value in present.items() if key.lower() not in named}, **wanted}


def same_location(left: str, right: str) -> bool:
    """Whether two names mean one location: Azure takes `West Europe` for `westeurope`."""
    return left.replace(" ", "").lower() == right.replace(" ", "").lower()


def reserved_tags(tags: Iterable[str], at: str = "/tags") -> list[FieldError]:
    """The tags of a request that Azure or Slipway keeps for itself; `at` points to the tags."""
    return [
        FieldError(
            "reserved_tag",
            f"{at}/" + key.replace("~", "~0").replace("/", "~1"),
            "Azure or Slipway keeps tags of this name for itself.",
        )
        for key in tags
        if is_reserved(key)
    ]


def check_create(body: ResourceGroupCreate) -> list[FieldError]:
    """The rules that a create breaks and that its schema cannot say."""
    found = reserved_tags(body.tags)
    if looks_like_id(body.name):
        detail = "A name that begins like an id of Slipway's is not allowed."
        found.append(FieldError("name_looks_like_id", "/name", detail))
    return found


def spelled(namespace: str) -> str:
    """A provider's namespace as Azure spells it, where Slipway knows it: Azure compares without regard to case."""
    return next((known for known in PROVIDERS if known.lower() == namespace.lower()), namespace)


def group_read(group: ResourceGroup) -> ResourceGroupRead:
    """A resource group as callers see it."""
    return ResourceGroupRead(
        id=group.id,
        name=group.azure_name,
        state=group.state,
        location=group.location,
        subscription_id=group.subscription_id,
        azure_id=f"/subscriptions/{group.subscription_id}/resourceGroups/{group.azure_name}",
        managed=group.managed,
        made_for_cluster=group.made_for_cluster,
        tags=group.tags,
        created_by=group.created_by,
        created_at=group.created_at,
        updated_at=group.updated_at,
        deleted_at=group.deleted_at,
    )


def provider_read(provider: Provider) -> ProviderRead:
    """A resource provider as callers see it."""
    return ProviderRead(
        namespace=provider.namespace,
        registration_state=provider.registration_state,
        registered=provider.registration_state.lower() == "registered",
        subscription_id=provider.subscription_id,
        observed_at=provider.observed_at,
    )
