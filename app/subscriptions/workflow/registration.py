"""Registering a resource provider on the way of another job, and waiting for it."""

from app.azure.types.resource import Provider
from app.jobs.workflow import Cloud, azure_call


async def ensure_registered(cloud: Cloud, subscription_id: str, provider: Provider) -> None:
    """Register a provider that was looked at, where it is not yet, and wait until it is."""
    if provider.registered:
        return
    if provider.registration_state.lower() != "registering":
        providers = cloud.gateways.azure.subscription(subscription_id).providers
        await providers.register(provider.namespace, call=azure_call(cloud))
    await await_registered(cloud, subscription_id, provider.namespace)


async def await_registered(cloud: Cloud, subscription_id: str, namespace: str) -> Provider:
    """Wait until Azure has registered a provider whose registration was asked for."""
    cloud.context.progress(f"Azure registers {namespace}")
    return await cloud.context.wait(
        cloud.gateways.azure.subscription(subscription_id).providers.await_registered(
            namespace,
            call=azure_call(cloud),
            expected=await cloud.gateways.azure.expected("provider_register"),
            on_progress=cloud.context.progress,
        )
    )
