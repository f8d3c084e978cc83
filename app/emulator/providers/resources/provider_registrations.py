"""Which resource providers a subscription has registered, and the registering of them."""

from app.emulator.core.cloud import Cloud, Plan
from app.emulator.core.documents import Document
from app.emulator.core.errors import AzureError
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.links import page
from app.emulator.core.locations import LOCATIONS
from app.emulator.core.operations import Operation
from app.emulator.core.registration import record_of
from app.emulator.core.registry import Provider, Route, Transition
from app.emulator.providers.resources.names import NAMESPACE

TRANSITION = "providers.register"
REGISTRATION_SECONDS = 60
_ONE = "/subscriptions/{subscription}/providers/{namespace}"


def routes() -> list[Route]:
    """The operations of this file."""
    return [
        Route("GET", "/subscriptions/{subscription}/providers", "Providers_List", _list, NAMESPACE),
        Route("GET", _ONE, "Providers_Get", _get, NAMESPACE),
        Route("POST", f"{_ONE}/register", "Providers_Register", _register, NAMESPACE),
        Route("POST", f"{_ONE}/unregister", "Providers_Unregister", _unregister, NAMESPACE),
    ]


def transition() -> Transition:
    """Registering ends as Registered, unregistering as NotRegistered."""

    async def succeed(cloud: Cloud, operation: Operation) -> None:
        _record(cloud, operation, operation.arguments["becomes"])

    async def give_up(cloud: Cloud, operation: Operation) -> None:
        _record(cloud, operation, operation.arguments["was"])

    return Transition(succeed=succeed, fail=give_up, cancel=give_up)


def _record(cloud: Cloud, operation: Operation, state: str) -> None:
    record = cloud.store.get(operation.target)
    if record is not None:
        record.body["registrationState"] = state
        cloud.store.touch(record)


def _provider(cloud: Cloud, call: Call) -> Provider:
    namespace = call.parameter("namespace")
    provider = cloud.providers.get(namespace.lower())
    if provider is None:
        raise AzureError(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    return provider


def _document(cloud: Cloud, subscription: str, provider: Provider) -> Document:
    regions = [location.display_name for location in LOCATIONS.values()]
    return {
        "id": f"/subscriptions/{subscription}/providers/{provider.namespace}",
        "namespace": provider.namespace,
        "resourceTypes": [
            {
                "resourceType": kind.name,
                "locations": regions if kind.regional else [],
                "apiVersions": list(kind.api_versions),
                "capabilities": "SupportsTags, SupportsLocation" if kind.regional else "None",
            }
            for kind in provider.resource_types
        ],
        "registrationState": record_of(cloud, subscription, provider).body["registrationState"],
        "registrationPolicy": "RegistrationFree" if provider.namespace == NAMESPACE else "RegistrationRequired",
    }


async def _list(cloud: Cloud, call: Call) -> Answer:
    subscription = call.parameter("subscription")
    return page(cloud, call, [_document(cloud, subscription, p) for p in cloud.providers.values()])


async def _get(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, _document(cloud, call.parameter("subscription"), _provider(cloud, call)))


async def _register(cloud: Cloud, call: Call) -> Answer:
    return _change(cloud, call, passing="Registering", becomes="Registered")


async def _unregister(cloud: Cloud, call: Call) -> Answer:
    return _change(cloud, call, passing="Unregistering", becomes="NotRegistered")


def _change(cloud: Cloud, call: Call, *, passing: str, becomes: str) -> Answer:
    provider = _provider(cloud, call)
    subscription = call.parameter("subscription")
    record = record_of(cloud, subscription, provider)
    was = record.body["registrationState"]
    if was not in {passing, becomes}:
        record.body["registrationState"] = passing
        cloud.store.touch(record)
        plan = Plan(TRANSITION, record.id, "global", REGISTRATION_SECONDS)
        cloud.begin(call, plan, arguments={"becomes": becomes, "was": was})
        call.effect = "updated"
    return Answer(200, _document(cloud, subscription, provider))
