"""Storage accounts: made by an operation that is followed by `Location` alone, all else at once."""

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document, clone, section
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import check_location, require_group
from app.emulator.core.links import page, signed
from app.emulator.core.operations import Operation
from app.emulator.core.paths import key_of
from app.emulator.core.registry import Route, Transition
from app.emulator.core.store import Resource
from app.emulator.providers.storage import keys
from app.emulator.providers.storage.account_documents import (
    changed_body,
    check_name,
    new_body,
)
from app.emulator.providers.storage.errors import refused
from app.emulator.providers.storage.names import (
    ACCOUNT,
    ACCOUNT_TYPE,
    IN_GROUP,
    IN_SUBSCRIPTION,
    NAMESPACE,
    account_id,
    account_of,
    answered,
)
from app.emulator.providers.storage.networks import check_networks

CREATE_SECONDS = 25
RETRY_AFTER_SECONDS = 17
LIMIT_PER_LOCATION = 250
TRANSITION = "storage.create"


def routes() -> list[Route]:
    """The operations of this file."""
    status = f"{IN_SUBSCRIPTION}/locations/{{location}}/asyncoperations/{{id}}"
    usages = f"{IN_SUBSCRIPTION}/locations/{{location}}/usages"
    available = f"{IN_SUBSCRIPTION}/checkNameAvailability"
    return [
        Route("PUT", ACCOUNT, "StorageAccounts_Create", _put, NAMESPACE, 1),
        Route("PATCH", ACCOUNT, "StorageAccounts_Update", _patch, NAMESPACE, 0.5),
        Route("GET", ACCOUNT, "StorageAccounts_GetProperties", _get, NAMESPACE),
        Route("DELETE", ACCOUNT, "StorageAccounts_Delete", _delete, NAMESPACE, 3),
        Route("GET", f"{IN_GROUP}/storageAccounts", "StorageAccounts_ListByResourceGroup", _list, NAMESPACE, 0.3),
        Route("GET", f"{IN_SUBSCRIPTION}/storageAccounts", "StorageAccounts_List", _list, NAMESPACE, 0.3),
        Route("POST", available, "StorageAccounts_CheckNameAvailability", _check_name, NAMESPACE),
        Route("GET", status, "StorageAccounts_AsyncOperation", _status, NAMESPACE),
        Route("GET", usages, "Usages_ListByLocation", _list_usages, NAMESPACE),
    ]


def transition() -> Transition:
    """What the end of a create does."""

    async def succeed(cloud: Cloud, operation: Operation) -> None:
        if (account := cloud.store.get(operation.target)) is not None:
            account.body["properties"]["provisioningState"] = "Succeeded"
            cloud.store.touch(account)

    async def fail(cloud: Cloud, operation: Operation) -> None:
        cloud.store.remove(operation.target)

    return Transition(succeed=succeed, fail=fail, cancel=fail)


def remove(cloud: Cloud, account: Resource) -> None:
    """Take an account out with all that it holds."""
    for resource in cloud.store:
        if resource.key.startswith(f"{account.key}/"):
            cloud.store.remove(resource.id)
    cloud.store.remove(account.id)


async def _put(cloud: Cloud, call: Call) -> Answer:
    subscription, group, name = (call.parameter(part) for part in ("subscription", "group", "account"))
    require_group(cloud, call, for_change=True)
    if (wrong := check_name(name)) is not None:
        raise wrong
    document = call.document()
    identity = account_id(subscription, group, name)
    known = cloud.store.get(identity)
    location = check_location(document, ACCOUNT_TYPE, known=known.body if known else None)
    if known is not None:
        return _change(cloud, call, known, document)
    _refuse_taken(cloud, subscription, name)
    _refuse_beyond_limit(cloud, subscription, location)
    account = Resource(identity, ACCOUNT_TYPE, new_body(identity, name, location, document, cloud.now()), cloud.now())
    check_networks(cloud, account.body)
    account.internal["keys"] = keys.new_keys(cloud)
    cloud.store.put(account)
    operation = cloud.begin(call, Plan(TRANSITION, identity, location, CREATE_SECONDS))
    call.effect = "created"
    return Answer(202, headers=_follow(call, operation))


def _change(cloud: Cloud, call: Call, account: Resource, document: Document) -> Answer:
    if cloud.operations.running_on(account.key):
        raise refused(
            409,
            "StorageAccountOperationInProgress",
            "An operation is currently performing on this storage account that requires exclusive access.",
        )
    changed = changed_body(account.body, document)
    check_networks(cloud, changed)
    account.body = changed
    cloud.store.touch(account)
    call.effect = "updated"
    return answered(200, clone(account.body))


def _refuse_taken(cloud: Cloud, subscription: str, name: str) -> None:
    taken = next((known for known in cloud.store.of_type(ACCOUNT_TYPE) if known.name == name), None)
    if taken is None:
        return
    if taken.key.startswith(key_of(f"/subscriptions/{subscription}") + "/"):
        raise refused(
            409,
            "StorageAccountInAnotherResourceGroup",
            f"The account {name} is already in another resource group in this subscription.",
        )
    raise refused(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")


def _refuse_beyond_limit(cloud: Cloud, subscription: str, location: str) -> None:
    if _used(cloud, subscription, location) >= LIMIT_PER_LOCATION:
        raise refused(
            409,
            "MaxStorageAccountsCountPerSubscriptionExceeded",
            f"Subscription {subscription} already contains {LIMIT_PER_LOCATION} storage accounts in location "
            f"{location} and the maximum allowed is {LIMIT_PER_LOCATION}.",
        )


def _used(cloud: Cloud, subscription: str, location: str) -> int:
    accounts = cloud.store.of_type(ACCOUNT_TYPE, under=f"/subscriptions/{subscription}")
    return sum(account.body["location"] == location for account in accounts)


async def _patch(cloud: Cloud, call: Call) -> Answer:
    return _change(cloud, call, account_of(cloud, call), call.document())


async def _get(cloud: Cloud, call: Call) -> Answer:
    return answered(200, clone(account_of(cloud, call, provisioned=False).body))


async def _delete(cloud: Cloud, call: Call) -> Answer:
    subscription, group, name = (call.parameter(part) for part in ("subscription", "group", "account"))
    require_group(cloud, call)
    account = cloud.store.get(account_id(subscription, group, name))
    if account is None:
        return Answer(204, content_type=None)
    for operation in cloud.operations.running_on(account.key):
        await cloud.cancel(operation, "Canceled", None)
    remove(cloud, account)
    call.effect = "deleted"
    return Answer(200, content_type=None)


async def _list(cloud: Cloud, call: Call) -> Answer:
    under = f"/subscriptions/{call.parameter('subscription')}"
    if "group" in call.parameters:
        under = require_group(cloud, call).id
    return page(cloud, call, [clone(account.body) for account in cloud.store.of_type(ACCOUNT_TYPE, under=under)])


async def _check_name(cloud: Cloud, call: Call) -> Answer:
    name = str(call.document().get("name", ""))
    if (wrong := check_name(name)) is not None:
        return answered(200, {"nameAvailable": False, "reason": wrong.code, "message": wrong.message})
    if any(known.name == name for known in cloud.store.of_type(ACCOUNT_TYPE)):
        message = f"The storage account named {name} is already taken."
        return answered(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message})
    return answered(200, {"nameAvailable": True})


async def _status(cloud: Cloud, call: Call) -> Answer:
    operation = cloud.operations.get(call.parameter("id"))
    if operation is None or operation.subscription.lower() != call.parameter("subscription").lower():
        raise AzureError(404, "OperationNotFound", "The requested operation could not be found.")
    if operation.running:
        return Answer(202, headers=_follow(call, operation))
    account = cloud.store.get(operation.target)
    if operation.error is not None or account is None:
        error = section({"error": operation.error}, "error")
        raise refused(409, error.get("code", "ResourceNotFound"), error.get("message", "The account is gone."))
    return answered(200, clone(account.body))


def _follow(call: Call, operation: Operation) -> dict[str, str]:
    base = f"{call.base_url}/subscriptions/{operation.subscription}/providers/{NAMESPACE}"
    url = f"{base}/locations/{operation.location}/asyncoperations/{operation.id}?api-version={call.api_version}"
    return {
        "Location": signed(url, operation),
        "Retry-After": str(RETRY_AFTER_SECONDS),
        "Content-Type": "text/plain; charset=utf-8",
    }


async def _list_usages(cloud: Cloud, call: Call) -> Answer:
    used = _used(cloud, call.parameter("subscription"), call.parameter("location").lower())
    name = {"value": "StorageAccounts", "localizedValue": "Storage Accounts"}
    return answered(
        200, {"value": [{"unit": "Count", "currentValue": used, "limit": LIMIT_PER_LOCATION, "name": name}]}
    )
