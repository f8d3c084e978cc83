"""Looks at a resource provider in Azure while a request waits, when what the database has is too old."""

from datetime import timedelta

import structlog

from app.api.calls import Asking
from app.azure.errors import AzureError
from app.azure.types.call import Call
from app.catalog.live import CatalogSource, source_of
from app.catalog.service import subscription_of
from app.core.errors import NotFoundError, SlipwayError
from app.models import Provider
from app.subscriptions.service import providers
from app.subscriptions.specs import PROVIDERS

_log = structlog.get_logger(__name__)

# What is registered stays so, unless a person undoes it; the other states pass.
_REGISTERED_HOLDS = timedelta(minutes=10)
_OTHERS_HOLD = timedelta(seconds=2)


class ProviderUnknownError(NotFoundError):
    """Azure has no resource provider of this namespace."""

    code = "unknown_provider"
    title = "Azure has no such resource provider"
    remedy = f"Those that Slipway uses: {', '.join(PROVIDERS)}."


async def read_provider(call: Asking, namespace: str) -> Provider:
    """The provider, young enough; an older sighting where Azure does not answer.

    Raises ProviderUnknownError, and what the gateway raises where the provider was never seen.
    """
    source = source_of(call.services)
    subscription_id = subscription_of(call.scope, call.services.settings.azure)
    async with call.database.read() as session:
        known = await providers.get(session, subscription_id=subscription_id, namespace=namespace)
    if known is not None and call.now - known.observed_at < _holds(known):
        return known
    try:
        return await _look(source, subscription_id, namespace)
    except ProviderUnknownError:
        raise
    except SlipwayError as error:
        if known is None:
            raise
        _log.warning("provider not refreshed", namespace=known.namespace, code=error.problem.code)
        return known


def _holds(provider: Provider) -> timedelta:
    return _REGISTERED_HOLDS if provider.registration_state.lower() == "registered" else _OTHERS_HOLD


async def _look(source: CatalogSource, subscription_id: str, namespace: str) -> Provider:
    call = Call(deadline=source.clock.now() + timedelta(seconds=source.settings.request_timeout_seconds))
    try:
        async with source.breaker.guard(subscription_id):
            seen = await source.azure.subscription(subscription_id).providers.get(namespace, call=call)
    except AzureError as error:
        if error.gone or error.azure_code == "InvalidResourceNamespace":
            raise ProviderUnknownError("Azure has no resource provider of this namespace.") from error
        raise
    now = source.clock.now()
    return await source.database.transaction(
        lambda session: providers.record(
            session,
            subscription_id=subscription_id,
            namespace=seen.namespace,
            state=seen.registration_state,
            now=now,
        )
    )
