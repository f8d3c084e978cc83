"""Scale sets and their machines, as they are now: members of pools, power."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document, section
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.network_documents import SCALE_SET_NIC
from app.emulator.core.registry import Route
from app.emulator.core.store import Resource
from app.emulator.core.stored_reads import read_routes, require_stored, show_stored
from app.emulator.providers.compute.names import DISK, MACHINE, NAMESPACE, SCALE_SET

_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{SCALE_SET}/{{scale_set}}"
_POOLS = "loadBalancerBackendAddressPools"


def routes() -> list[Route]:
    """The operations of this file."""
    in_group = ("ListByResourceGroup", "List")
    view = f"{_GROUP}/virtualMachines/{{machine}}/instanceView"
    return [
        *read_routes(SCALE_SET, "VirtualMachineScaleSets", show=_show_scale_set),
        *read_routes(MACHINE, "VirtualMachineScaleSetVMs", show=_show_machine),
        *read_routes(DISK, "Disks", lists=in_group),
        *read_routes("Microsoft.Compute/virtualMachines", "VirtualMachines"),
        *read_routes("Microsoft.Compute/availabilitySets", "AvailabilitySets", lists=("List", "ListBySubscription")),
        Route("GET", f"{_GROUP}/instanceView", "VirtualMachineScaleSets_GetInstanceView", _view_of_set, NAMESPACE),
        Route("GET", view, "VirtualMachineScaleSetVMs_GetInstanceView", _view_of_machine, NAMESPACE),
    ]


def _show_scale_set(cloud: Cloud, call: Call, scale_set: Resource) -> Document:
    """The model names the pools that all its machines are in: whoever adds one to a pool adds them all."""
    shown = show_stored(cloud, call, scale_set)
    profile = section(shown, "properties", "virtualMachineProfile", "networkProfile")
    nics = cloud.store.of_type(SCALE_SET_NIC, under=scale_set.id)
    if profile and nics:
        listed = [nic.body["properties"]["ipConfigurations"][0]["properties"].get(_POOLS, []) for nic in nics]
        common = [pool for pool in listed[0] if all(pool in pools for pools in listed)]
        model: Document = profile["networkInterfaceConfigurations"][0]["properties"]
        model["ipConfigurations"][0]["properties"][_POOLS] = common
    return shown


def _show_machine(cloud: Cloud, call: Call, machine: Resource) -> Document:
    shown = show_stored(cloud, call, machine)
    if call.query.get("$expand", "").lower() == "instanceview":
        shown["properties"]["instanceView"] = _view(machine)
    return shown


def _view(machine: Resource) -> Document:
    power = machine.internal.get("power", "running")
    state = str(machine.body["properties"]["provisioningState"]).lower()
    os_disk = section(machine.body, "properties", "storageProfile", "osDisk")
    disks = [{"name": os_disk["name"], "statuses": [_status("ProvisioningState", "succeeded")]}] if os_disk else []
    if not os_disk.get("managedDisk"):
        disks = []
    view: Document = {
        "placementGroupId": machine.internal.get("placement", machine.etag),
        "platformUpdateDomain": 0,
        "platformFaultDomain": 0,
        "hyperVGeneration": "V2",
        "disks": disks,
        "statuses": [_status("ProvisioningState", state), _status("PowerState", power)],
    }
    if power == "running":
        agent = {**_status("ProvisioningState", "succeeded"), "displayStatus": "Ready"}
        view["vmAgent"] = {"vmAgentVersion": "2.15.0.1", "statuses": [agent]}
    return view


def _status(kind: str, word: str) -> Document:
    display = f"VM {word}" if kind == "PowerState" else f"Provisioning {word}"
    return {"code": f"{kind}/{word}", "level": "Info", "displayStatus": display}


async def _view_of_machine(cloud: Cloud, call: Call) -> Answer:
    return Answer(200, _view(require_stored(cloud, call, call.path.rstrip("/").rpartition("/")[0])))


async def _view_of_set(cloud: Cloud, call: Call) -> Answer:
    scale_set = require_stored(cloud, call, call.path.rstrip("/").rpartition("/")[0])
    counts: dict[str, int] = {}
    for machine in cloud.store.of_type(MACHINE, under=scale_set.id):
        for status in _view(machine)["statuses"]:
            counts[status["code"]] = counts.get(status["code"], 0) + 1
    summary = [{"code": code, "count": count} for code, count in counts.items()]
    state = str(scale_set.body["properties"]["provisioningState"]).lower()
    view = {"virtualMachine": {"statusesSummary": summary}, "statuses": [_status("ProvisioningState", state)]}
    return Answer(200, view)
