"""`storage_class.create`."""

from dataclasses import dataclass

from app.azure.types.storage import Account
from app.clusters.specs.wanted import Place, place_of
from app.clusters.workflow.inside import inside, note_change
from app.core.errors import ConflictError, ErrorClass
from app.core.objections import Objection
from app.engine.steps import JobEnd, Record, cloud_step, record_step
from app.jobs.workflow import Cloud, JobRun, Workflow, azure_call
from app.kubernetes.types.volume import StorageClassSpec
from app.models import Cluster
from app.storage.specs.class_rules import class_from_json, differences, is_managed
from app.storage.specs.objections import VolumeNotPossibleError
from app.storage.specs.volume_kinds import CREATE_CLASS

PATH = "/apis/storage.k8s.io/v1/storageclasses"


class ClassNotOursError(ConflictError):
    """The cluster has a class of this name that is another one. It is never touched."""

    code = "storage_class_not_ours"
    remedy = "Choose another name, or have that class removed by whoever made it."


@dataclass(frozen=True, slots=True)
class AskedClass:
    """Which class, in which cluster."""

    place: Place
    location: str
    spec: StorageClassSpec


async def create_storage_class(job: JobRun) -> None:
    """Make a storage class, where what it names in Azure can be had."""
    asked = await job.record(begin_class)
    await job.cloud(check_class, asked)
    await job.cloud(put_class, asked)
    await job.record(record_class)


@record_step
async def begin_class(record: Record) -> AskedClass:
    """What is to be made, and where."""
    cluster = await record.session.get_one(Cluster, record.view.target_id)
    return AskedClass(place_of(cluster), cluster.location, class_from_json(record.view.request["class"]))


@cloud_step
async def check_class(cloud: Cloud, asked: AskedClass) -> None:
    """Look at the account that the class names: one of a fixed name may be somebody else's, anywhere in Azure."""
    name = asked.spec.parameters.get("storageAccount")
    if name is None:
        return
    parameters = asked.spec.parameters
    storage = cloud.gateways.azure.subscription(parameters.get("subscriptionID") or asked.place.subscription_id).storage
    accounts = await storage.accounts.list_(call=azure_call(cloud))
    own = next((each for each in accounts if each.name == name), None)
    against = _against(own, asked) if own is not None else []
    if own is None:
        free = await storage.accounts.name_available(name, call=azure_call(cloud))
        if not free.available:
            against = [_taken(name)]
    if against:
        raise VolumeNotPossibleError(against)


def _taken(name: str) -> Objection:
    detail = f"The account name {name} is taken in Azure, by another subscription than the class's."
    remedy = "Account names are unique in the world: leave `storageAccount` out, or name an account of your own."
    return Objection("account_name_taken", ErrorClass.CONFLICT, detail, remedy, "/parameters/storageAccount")


def _against(account: Account, asked: AskedClass) -> list[Objection]:
    at, found = "/parameters/storageAccount", []
    if asked.spec.parameters["skuName"].startswith("Premium") is not account.premium:
        detail = f"The account {account.name} is {account.sku}, the class asks for {asked.spec.parameters['skuName']}."
        found.append(Objection("sku_differs", ErrorClass.CONFIGURATION, detail, "Name an account of that SKU.", at))
    if account.location.lower() != asked.location.lower():
        detail = f"The account {account.name} is in {account.location}, the cluster in {asked.location}."
        remedy = "Name an account of the cluster's location."
        found.append(Objection("other_location", ErrorClass.CONFIGURATION, detail, remedy, at))
    if not account.shared_keys and asked.spec.parameters.get("protocol") != "nfs":
        detail = f"The account {account.name} takes no keys, by which the driver mounts."
        found.append(Objection("shared_keys_disabled", ErrorClass.PERMISSION, detail, "Allow its keys.", at))
    return found


@cloud_step
async def put_class(cloud: Cloud, asked: AskedClass) -> None:
    """Make the class. One of its name that is another one stays as it is: a class never changes."""
    spec = asked.spec
    async with inside(cloud, asked.place) as client:
        present = await client.storage.storage_class(spec.name)
        if present is not None:
            other = differences(present, spec)
            if other or not is_managed(present):
                what = f": its {', '.join(other)} differ" if other else ", which Slipway did not make"
                raise ClassNotOursError(f"The cluster has a storage class {spec.name}{what}.")
            return
        await cloud.context.fence()
        await client.storage.apply_class(spec)
    note_change(cloud, "PATCH", f"{PATH}/{spec.name}", asked.place)


@record_step
async def record_class(record: Record) -> None:
    """End the job: the class is there."""
    name = record.view.target_name
    await record.emit("storage_class.created", data={"name": name})
    await record.succeed(outcome={"storage_class": name}, summary=f"Claims may ask for the class {name}.")


async def record_class_failed(record: Record, end: JobEnd) -> None:
    """The end of a job that did not succeed."""
    await record.emit("storage_class.failed", data={"name": record.view.target_name, "code": end.problem.code})


create_class_workflow = Workflow(CREATE_CLASS, create_storage_class, ended=record_class_failed)
