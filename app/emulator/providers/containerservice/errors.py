"""AKS's refusals, in its flat envelope and its words."""

from app.emulator.core.errors import AzureError, Envelope


def flat(status: int, code: str, message: str, *, subcode: str = "", target: str | None = None) -> AzureError:
    """A refusal by AKS itself."""
    return AzureError(status, code, message, envelope=Envelope.FLAT, subcode=subcode, target=target)


def invalid_parameter(target: str, reason: str) -> AzureError:
    """400 `InvalidParameter`, naming the field."""
    return flat(
        400,
        "InvalidParameter",
        f"The value of parameter {target} is invalid. Error details: {reason}. "
        "Please see https://aka.ms/aks-naming-rules for more details.",
        target=target,
    )


def change_not_allowed(target: str) -> AzureError:
    """400 `PropertyChangeNotAllowed` for an immutable field."""
    return flat(400, "PropertyChangeNotAllowed", f"Changing property '{target}' is not allowed.", target=target)


def busy(state: str) -> AzureError:
    """409 `OperationNotAllowed`: AKS takes one operation at a time."""
    return flat(
        409,
        "OperationNotAllowed",
        f"Operation is not allowed: Another operation ({state}) is in progress, please wait for it to finish "
        "before starting a new operation. See https://aka.ms/aks-pending-operation for more details",
    )


def not_found(kind: str, message: str, subcode: str) -> AzureError:
    """404 `NotFound` as AKS says it for what the gateway believed to be there."""
    return AzureError(
        404,
        "NotFound",
        message,
        envelope=Envelope.FLAT,
        subcode=subcode,
        details=[{"code": "Unspecified", "message": f"rpc error: code = NotFound desc = {kind} not found"}],
    )


def etag_mismatch() -> AzureError:
    """409 `EtagMismatch`: `If-Match` names an older state."""
    return flat(
        409,
        "EtagMismatch",
        "Operation is not allowed: The etag provided in the If-Match header does not match the current etag of "
        "the resource. Please fetch the latest resource and try again.",
    )


def version_not_supported(version: str) -> AzureError:
    """400 `K8sVersionNotSupported`."""
    return flat(
        400,
        "K8sVersionNotSupported",
        f"Managed cluster is on version {version} which is not supported in this region. Please use "
        "[az aks get-versions] command to get the supported version list in this region. For more information, "
        "please check https://aka.ms/supported-version-list",
        target="kubernetesVersion",
    )


def only_long_term(name: str, version: str) -> AzureError:
    """400 `K8sVersionNotSupported` for a version whose community support is over (canonical/bundle-kubeflow#1320)."""
    return flat(
        400,
        "K8sVersionNotSupported",
        f"Managed cluster {name} is on version {version}, which is only available for Long-Term Support (LTS). If you "
        "intend to onboard to LTS, please ensure the cluster is in Premium tier and LTS support plan (see "
        "https://aka.ms/aks/enable-lts). Otherwise, use [az aks get-versions] command to get the supported version "
        "list in this region. For more information, please check https://aka.ms/supported-version-list",
        target="kubernetesVersion",
    )


def size_not_allowed(size: str, location: str, offered: str) -> AzureError:
    """400 `BadRequest` for a VM size."""
    return flat(
        400,
        "BadRequest",
        f"The VM size of {size} is not allowed in your subscription in location '{location}'. "
        f"The available VM sizes are '{offered}'. For more details, please visit https://aka.ms/cpu-quota",
    )
