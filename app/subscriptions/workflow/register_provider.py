"""`provider.register`."""

from app.azure.errors import AzureError
from app.azure.types.resource import Provider
from app.engine.steps import Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.subscriptions.live import ProviderUnknownError
from app.subscriptions.service import providers
from app.subscriptions.specs import REGISTER_PROVIDER
from app.subscriptions.workflow.registration import await_registered

_UNDER_WAY = frozenset({"registered", "registering"})


async def register_provider(job: JobRun) -> None:
    """Register a resource provider in the subscription; succeeds at once where it is registered."""
    seen = await job.cloud(ensure_registration)
    if not seen.registered and job.view.options.get("wait_for") != "accepted":
        seen = await job.cloud(await_registration)
    await job.record(record_registration, seen)


@cloud_step
async def ensure_registration(cloud: Cloud) -> Provider:
    """Look, and ask Azure for the registration unless it has it or is at it."""
    namespace = cloud.job.request["namespace"]
    known = cloud.gateways.azure.subscription(cloud.job.request["subscription_id"]).providers
    try:
        seen = await known.get(namespace, call=azure_call(cloud))
    except AzureError as error:
        if error.gone or error.azure_code == "InvalidResourceNamespace":
            raise ProviderUnknownError("Azure has no resource provider of this namespace.") from error
        raise
    if seen.registration_state.lower() in _UNDER_WAY:
        return seen
    return await known.register(namespace, call=azure_call(cloud))


@cloud_step
async def await_registration(cloud: Cloud) -> Provider:
    """Wait until the provider is registered."""
    return await await_registered(cloud, cloud.job.request["subscription_id"], cloud.job.request["namespace"])


@record_step
async def record_registration(record: Record, seen: Provider) -> None:
    """Keep what was seen, and end the job."""
    await providers.record(
        record.session,
        subscription_id=record.view.request["subscription_id"],
        namespace=seen.namespace,
        state=seen.registration_state,
        now=record.now,
    )
    outcome = {"namespace": seen.namespace, "registration_state": seen.registration_state}
    if not seen.registered:
        await record.succeed(outcome=outcome, summary=f"Azure has accepted the registration of {seen.namespace}.")
        return
    await record.emit("provider.registered", data=outcome)
    await record.succeed(outcome=outcome)


register_workflow = Workflow(REGISTER_PROVIDER, register_provider)
