"""How a node's start can fail, by the exit number of its boot script (the "custom script extension", CSE)."""

from dataclasses import dataclass

from app.azure.error_row import Action, Row, row
from app.core.errors import ErrorClass

_TRANSIENT = ErrorClass.TRANSIENT
_CONFIGURATION = ErrorClass.CONFIGURATION
_EGRESS = "Let the nodes reach the packages and registries that AKS needs."

# fmt: off
_OUTBOUND = row("azure_node_no_egress", _CONFIGURATION, Action.RETRY_ONCE,
    "The node cannot reach Microsoft's registry or packages.", _EGRESS,
    codes="OutboundConnFailVMExtensionError OutboundConnFail")
_API_SERVER = row("azure_node_no_api_server", _CONFIGURATION, Action.RETRY_ONCE,
    "The node cannot reach the cluster's API server (authorised ranges, routes or network security group).",
    "Allow the node's outbound address and port 443.",
    codes="K8SAPIServerConnFailVMExtensionError K8SAPIServerConnFail")
_DNS = row("azure_node_dns_wrong", _CONFIGURATION, Action.FAIL,
    "The node cannot resolve the API server's name: private or custom DNS is wrong.",
    "Link the private DNS zone to the network of the DNS servers.",
    codes="K8SAPIServerDNSLookupFailVMExtensionError K8SAPIServerDNSLookupFail")
_AZURE_DNS = row("azure_node_dns_slow", _TRANSIENT, Action.RETRY_ONCE,
    "Azure's DNS did not answer the node.")
_DOWNLOAD = row("azure_node_download_failed", _TRANSIENT, Action.RETRY_ONCE,
    "A download timed out while the node started.", _EGRESS)
# The same image would be as faulty again.
_IMAGE = row("azure_node_image_faulty", _TRANSIENT, Action.FAIL,
    "The node image is faulty.", "Take a newer node image.")
_GPU = row("azure_node_gpu_driver_failed", _CONFIGURATION, Action.RETRY_ONCE,
    "The GPU driver could not be installed.", "Take another GPU image or driver setting.")
_SLOW_BOOT = row("azure_node_slow_boot", _TRANSIENT, Action.RETRY_ONCE,
    "The node started too slowly.")
_REGISTRY = row("azure_node_registry_refused", _CONFIGURATION, Action.FAIL,
    "The isolated cluster may not pull from its registry.", "Check the rights on the registry.")
_REGISTRY_TIMEOUT = row("azure_node_registry_timeout", _CONFIGURATION, Action.RETRY_ONCE,
    "The isolated cluster cannot reach its registry.", "Check the registry's network and image.")
_TIMEOUT = row("azure_node_start_timeout", _TRANSIENT, Action.RETRY_ONCE,
    "The node's boot script did not end.", "Check egress and DNS; take a bigger size.",
    codes="VMExtensionProvisioningTimeout")
# fmt: on

NODE_ROWS: tuple[Row, ...] = (_OUTBOUND, _API_SERVER, _DNS, _TIMEOUT)


@dataclass(frozen=True, slots=True)
class ExitRange:
    """Exit numbers that mean one thing, on one operating system."""

    numbers: frozenset[int]
    row: Row
    windows: bool = False


_EXITS: tuple[ExitRange, ...] = (
    ExitRange(frozenset({5}), _API_SERVER, windows=True),
    ExitRange(frozenset({50}), _OUTBOUND),
    ExitRange(frozenset({51}), _API_SERVER),
    ExitRange(frozenset({52, 215}), _DNS),
    ExitRange(frozenset({53}), _AZURE_DNS),
    ExitRange(frozenset({31, 33, 35, 36, 37, 41, 70, 71}), _DOWNLOAD),
    ExitRange(frozenset({65}), _IMAGE),
    ExitRange(frozenset({*range(83, 88), 123, *range(224, 230)}), _GPU),
    ExitRange(frozenset({5, 9, 98, 99, 100}), _SLOW_BOOT),
    ExitRange(frozenset({211}), _REGISTRY_TIMEOUT),
    ExitRange(frozenset({212}), _REGISTRY),
)


def row_of_exit(number: int, *, windows: bool) -> Row | None:
    """What a boot script's exit number means, or None when nobody knows."""
    return next((known.row for known in _EXITS if number in known.numbers and known.windows == windows), None)
