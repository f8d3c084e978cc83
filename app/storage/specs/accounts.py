"""Pure: the storage accounts that Slipway chooses or makes: their form, their names, what is put into Azure."""

import re
from dataclasses import dataclass
from typing import cast

from pydantic import TypeAdapter

from app.azure.types.storage import PREMIUM_KIND, STANDARD_KIND, Account, AccountSpec, NetworkRules
from app.azure.types.tags import JOB, STORAGE_ACCOUNT, owner_tags
from app.core.json import JsonObject
from app.models import StorageAccount
from app.storage.schemas.shares import ClusterShareCreate, ShareProtocol, Tier
from app.storage.specs.limits import Room, tier_of

ROOM = "room"
"""In `storage_accounts.observed`, beside what Azure said: what its shares take."""
_MOST_OF_PROJECT = 8
_OF_ID = 16


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What `storage_accounts.wanted` holds: two shares may lie in one account when they need the same form.

    `subnet_ids` empty: it can be reached from everywhere. `https_only` is False for NFS alone, whose mounts Azure
    refuses otherwise.
    """

    kind: str = STANDARD_KIND
    sku: str = "Standard_LRS"
    https_only: bool = True
    subnet_ids: tuple[str, ...] = ()
    kept_days: int = 7

    @property
    def premium(self) -> bool:
        """Whether its shares lie on SSDs."""
        return self.kind == PREMIUM_KIND

    def as_json(self) -> JsonObject:
        """The column's form."""
        return cast("JsonObject", _FORM.dump_python(self, mode="json"))

    @classmethod
    def from_json(cls, stored: JsonObject) -> "AccountForm":
        """What `as_json` wrote."""
        return _FORM.validate_python(stored)

    def holds(self, other: "AccountForm") -> bool:
        """Whether what needs the other form may lie in an account of this one."""
        mine = {each.lower() for each in self.subnet_ids}
        theirs = {each.lower() for each in other.subnet_ids}
        same = (self.kind, self.sku, self.https_only, self.kept_days)
        return same == (other.kind, other.sku, other.https_only, other.kept_days) and mine == theirs


_FORM = TypeAdapter(AccountForm)
_SEEN = TypeAdapter(Account)
_ROOM = TypeAdapter(Room)


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """Where an account is in Azure, whose it is, what it shall be. Its name is fixed first: a lost answer is found."""

    account_id: str
    project_id: str
    subscription_id: str
    resource_group: str
    name: str
    location: str
    managed: bool
    state: str
    form: AccountForm


def account_plan(row: StorageAccount) -> AccountPlan:
    """What a job needs to know of an account's row."""
    return AccountPlan(
        account_id=row.id,
        project_id=row.project_id,
        subscription_id=row.subscription_id,
        resource_group=row.resource_group,
        name=row.name,
        location=row.location,
        managed=row.managed,
        state=row.state,
        form=AccountForm.from_json(row.wanted),
    )


def form_of(body: ClusterShareCreate, *, subnet_ids: tuple[str, ...]) -> AccountForm:
    """The form of the account that a share needs."""
    premium = tier_of(body) is Tier.PREMIUM
    media = "Premium" if premium else "Standard"
    return AccountForm(
        kind=PREMIUM_KIND if premium else STANDARD_KIND,
        sku=f"{media}_{body.redundancy.value}",
        https_only=body.protocol is not ShareProtocol.NFS,
        subnet_ids=tuple(sorted({each.lower(): each for each in subnet_ids}.values())),
        kept_days=body.keep_deleted_days,
    )


def name_of(project: str, account_id: str) -> str:
    """The rule for names: eight letters of the project's, then what makes it unlike any other in the world."""
    letters = re.sub(r"[^a-z0-9]", "", project.lower())[:_MOST_OF_PROJECT]
    return letters + account_id[-_OF_ID:]


def spec_of(plan: AccountPlan, *, job_id: str) -> AccountSpec:
    """The account's PUT."""
    owner = {**owner_tags(project_id=plan.project_id), STORAGE_ACCOUNT: plan.account_id, JOB: job_id}
    return AccountSpec(
        location=plan.location,
        tags=owner,
        kind=plan.form.kind,
        sku=plan.form.sku,
        https_only=plan.form.https_only,
        networks=NetworkRules(allow_all=not plan.form.subnet_ids, subnet_ids=plan.form.subnet_ids),
    )


def seen_json(seen: Account, room: Room | None, before: JsonObject | None = None) -> JsonObject:
    """What Azure said of an account, as rows keep it; without `room`, what was known of it before stays."""
    body = cast("JsonObject", _SEEN.dump_python(seen, mode="json"))
    taken = {ROOM: (before or {}).get(ROOM)} if room is None else room_json(room)
    return {**body, **taken}


def room_json(room: Room) -> JsonObject:
    """What an account's shares take, as a member of what rows keep of it."""
    return {ROOM: _ROOM.dump_python(room, mode="json")}


def seen_account(observed: JsonObject | None) -> Account | None:
    """What rows keep of an account."""
    if observed is None:
        return None
    return _SEEN.validate_python({key: value for key, value in observed.items() if key != ROOM})


def seen_room(observed: JsonObject | None) -> Room | None:
    """What the account's shares took when it was last looked at."""
    taken = (observed or {}).get(ROOM)
    return None if taken is None else _ROOM.validate_python(taken)


def azure_id_of(row: StorageAccount) -> str:
    """The id in Azure of a row's account."""
    return (
        f"/subscriptions/{row.subscription_id}/resourceGroups/{row.resource_group}"
        f"/providers/Microsoft.Storage/storageAccounts/{row.name}"
    )


def not_as_asked(seen: Account, plan: AccountPlan) -> list[str]:
    """What Azure has not made of the account that was asked for. Each difference is a sentence."""
    found: list[str] = []
    for name, has, asked in (
        ("kind", seen.kind, plan.form.kind),
        ("redundancy", seen.sku, plan.form.sku),
        ("rule that only https is taken", str(seen.https_only), str(plan.form.https_only)),
    ):
        if has.lower() != asked.lower():
            found.append(f"The account's {name} is {has}, not {asked}.")
    if seen.minimum_tls in {"TLS1_0", "TLS1_1"}:
        found.append(f"The account takes {seen.minimum_tls}, not only TLS 1.2.")
    if seen.public_blobs:
        found.append("The account allows public blobs.")
    if plan.form.subnet_ids and seen.networks.allow_all:
        found.append("The account can be reached from everywhere.")
    return found
