"""Pure: whether a share may lie in an account, by what Azure has just said of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from app.azure.types.storage import Account
from app.storage.schemas.shares import ShareProtocol
from app.storage.specs.accounts import AccountPlan
from app.storage.specs.limits import Room, too_much


class Word(StrEnum):
    """What to do. `keep` the account; `move` to another one (the rule chose it); `refuse`, with the reason."""

    KEEP = "keep"
    MOVE = "move"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why not this account; each is the code of an error."""

    ABSENT = "storage_account_not_found"
    FOREIGN = "storage_account_not_ours"
    FULL = "storage_account_full"
    LIMIT = "storage_account_limit"
    LOST = "storage_account_lost"
    NAME_TAKEN = "storage_account_name_taken"
    SHUT_OUT = "storage_network_shuts_out_nodes"
    UNFIT = "storage_account_unfit"
    SHARE_TAKEN = "share_not_ours"
    SHARE_ABSENT = "share_not_found_in_azure"


@dataclass(frozen=True, slots=True)
class AccountLook:
    """What Azure says before anything is made.

    `account` None: there is none of the name; then `name_free` says whether one can be made, and `accounts_left` how
    many more the location takes. `ours`: Slipway made it for just this row. `share`: whether the account has a living
    share of the name: `none`, `ours` or `foreign`.
    """

    account: Account | None = None
    ours: bool = False
    room: Room = field(default_factory=Room)
    share: str = "none"
    name_free: bool = True
    accounts_left: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and for what reason, in words."""

    word: Word
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a share needs of its account.

    `named`: a caller chose this account. `nodes`: subnets from which it shall be mounted.
    """

    azure_name: str
    protocol: str
    quota_gib: int
    premium: bool
    location: str
    adopt: bool
    named: bool = False
    nodes: tuple[str, ...] = ()


KEEP = Verdict(Word.KEEP)


def judge(plan: AccountPlan, look: AccountLook, needs: Needs) -> Verdict:
    """What becomes of a share that shall lie in this account."""
    if look.account is None:
        return _absent(plan, look, needs)
    if plan.managed and not look.ours:
        detail = (
            f"The resource group {plan.resource_group} has an account {plan.name} that Slipway did not make for it."
        )
        return _other(needs, Reason.FOREIGN, detail)
    if look.share == "ours" and not needs.adopt:
        # It was made by an answer that was lost, or by a job that went before: its room is taken already.
        return KEEP
    if not look.account.succeeded:
        return KEEP if plan.managed else _refuse(Reason.UNFIT, f"The account is {look.account.provisioning_state}.")
    unfit = _unfit(look.account, needs)
    if unfit is not None:
        return unfit
    return _share(plan, look, needs)


def _absent(plan: AccountPlan, look: AccountLook, needs: Needs) -> Verdict:
    if not plan.managed:
        return _refuse(Reason.ABSENT, f"There is no storage account {plan.name} in {plan.resource_group}.")
    if plan.state in {"ready", "lost"}:
        return _other(needs, Reason.LOST, f"The account {plan.name} is gone from Azure; its shares are gone with it.")
    if not look.name_free:
        return _other(needs, Reason.NAME_TAKEN, f"Somebody else in the world has an account named {plan.name}.")
    if look.accounts_left is not None and look.accounts_left < 1:
        detail = f"The subscription has as many storage accounts in {plan.location} as Azure allows."
        return _refuse(Reason.LIMIT, detail)
    return KEEP


def _unfit(seen: Account, needs: Needs) -> Verdict | None:
    """What an account that is given lacks; one that the rule chose has the right form, unless somebody changed it."""
    where = f"The account {seen.name}"
    if needs.premium != seen.premium:
        kind = "premium (FileStorage)" if needs.premium else "standard (StorageV2)"
        return _other(needs, Reason.UNFIT, f"{where} is of the kind {seen.kind}; the share needs one that is {kind}.")
    if seen.location.lower() != needs.location.lower():
        detail = f"{where} lies in {seen.location}, and the share is asked for in {needs.location}."
        return _other(needs, Reason.UNFIT, detail)
    if needs.protocol == ShareProtocol.NFS and seen.https_only:
        return _other(needs, Reason.UNFIT, f"{where} takes https only, so Azure refuses to mount NFS from it.")
    if needs.protocol == ShareProtocol.NFS and seen.networks.allow_all and not seen.private_endpoints:
        return _other(needs, Reason.UNFIT, f"{where} has no network rule and no private endpoint; NFS needs one.")
    if needs.protocol != ShareProtocol.NFS and not seen.shared_keys:
        return _other(needs, Reason.UNFIT, f"{where} takes no keys, by which SMB is mounted.")
    shut = shut_out(seen, needs.nodes)
    return None if shut is None else _other(needs, Reason.SHUT_OUT, shut)


def shut_out(seen: Account, nodes: tuple[str, ...]) -> str | None:
    """Why nodes in these subnets cannot reach the account; None where they can, or where nobody can tell."""
    if seen.private_endpoints:
        return None
    if not seen.public_network:
        return f"The account {seen.name} can be reached by private endpoints only, and has none."
    admitted = {each.lower() for each in seen.networks.subnet_ids}
    missing = [each for each in nodes if each.lower() not in admitted]
    if seen.networks.allow_all or not missing:
        return None
    names = ", ".join(each.rpartition("/")[2] for each in missing)
    return f"The network rules of the account {seen.name} do not admit the nodes' subnet {names}."


def _share(plan: AccountPlan, look: AccountLook, needs: Needs) -> Verdict:
    if needs.adopt:
        if look.share == "none":
            return _refuse(Reason.SHARE_ABSENT, f"The account {plan.name} has no share {needs.azure_name}.")
        return KEEP
    if look.share == "foreign":
        detail = f"The account {plan.name} has a share {needs.azure_name} that Slipway did not make for this one."
        return _other(needs, Reason.SHARE_TAKEN, detail)
    full = too_much(look.room, needs.quota_gib, premium=needs.premium)
    if full is not None:
        return _other(needs, Reason.FULL, f"The account {plan.name} has no room: {full}.")
    return KEEP


def _other(needs: Needs, reason: Reason, detail: str) -> Verdict:
    """What the rule chose it may choose anew; what a caller named it may not."""
    return Verdict(Word.REFUSE if needs.named else Word.MOVE, reason, detail)


def _refuse(reason: Reason, detail: str) -> Verdict:
    return Verdict(Word.REFUSE, reason, detail)
