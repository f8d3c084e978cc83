"""NICs of scale sets' machines, which lists of NICs leave out."""

from app.emulator.core.cloud import Cloud
from app.emulator.core.errors import resource_not_found
from app.emulator.core.exchange import Answer, Call
from app.emulator.core.gateway import require_group
from app.emulator.core.links import page
from app.emulator.core.network_documents import NETWORK, SCALE_SET_NIC
from app.emulator.core.paths import split_path
from app.emulator.core.registry import Route
from app.emulator.providers.network.references import ReferenceIndex
from app.emulator.providers.network.views import etag_of, show

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_SCALE_SET = f"{_GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/{{scale_set}}"
_MACHINE = f"{_SCALE_SET}/virtualMachines/{{machine}}"
_OPERATION = "NetworkInterfaces_{}VirtualMachineScaleSet{}NetworkInterface{}"


class ScaleSetInterfaces:
    """Reading them, of a whole scale set, of one machine, or one."""

    def __init__(self, index: ReferenceIndex) -> None:
        """Show them with the references of `index`."""
        self._index = index

    def routes(self) -> list[Route]:
        """The operations of this file."""
        nics = "networkInterfaces"
        return [
            Route("GET", f"{_SCALE_SET}/{nics}", _OPERATION.format("List", "", "s"), self._list, NETWORK),
            Route("GET", f"{_MACHINE}/{nics}", _OPERATION.format("List", "VM", "s"), self._list, NETWORK),
            Route("GET", f"{_MACHINE}/{nics}/{{nic}}", _OPERATION.format("Get", "", ""), self._get, NETWORK),
        ]

    async def _list(self, cloud: Cloud, call: Call) -> Answer:
        require_group(cloud, call)
        above = "/".join(split_path(call.path)[:-1])
        if cloud.store.get(above) is None:
            raise _absent(call, above)
        references = self._index.of(cloud)
        return page(cloud, call, [show(nic, references) for nic in cloud.store.of_type(SCALE_SET_NIC, under=above)])

    async def _get(self, cloud: Cloud, call: Call) -> Answer:
        require_group(cloud, call)
        nic = cloud.store.get(call.path)
        if nic is None:
            raise _absent(call, call.path)
        return Answer(200, show(nic, self._index.of(cloud)), {"ETag": etag_of(nic)})


def _absent(call: Call, path: str) -> Exception:
    names = split_path(path)[5:]
    return resource_not_found(f"{names[0]}/{names[1]}", "/".join(names[2:]), call.parameter("group"))
