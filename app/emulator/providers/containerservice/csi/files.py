"""The controller of file.csi.azure.com: shares made, grown and deleted for claims."""

import base64

from app.emulator.core.documents import Document
from app.emulator.core.inside import ArmError
from app.emulator.kubernetes import writes
from app.emulator.kubernetes.documents import Object, at
from app.emulator.kubernetes.kinds.configuration import SECRETS
from app.emulator.kubernetes.quantities import number
from app.emulator.kubernetes.status import StatusError
from app.emulator.providers.containerservice.csi.accounts import account_id, ensure_account, group_of, set_aside
from app.emulator.providers.containerservice.csi.errors import Code, DriverError
from app.emulator.providers.containerservice.csi.handles import ShareHandle, parse_share_handle
from app.emulator.providers.containerservice.csi.parameters import (
    FileParameters,
    read_file_parameters,
    rounded_gib,
    share_gib,
)
from app.emulator.providers.containerservice.csi.site import Site

_FULL = "TotalSharesProvisionedCapacityExceedsAccountLimit"
_TRIES = 2  # the second in another account, when the first was full


async def create(site: Site, claim: Object, storage_class: Object, name: str) -> Object:
    """Make the share of a claim; return what a volume's spec says of it."""
    parameters = read_file_parameters(storage_class.get("parameters") or {})
    namespace = parameters.secret_namespace or claim["metadata"]["namespace"]
    gib = share_gib(number(at(claim, "spec.resources.requests.storage", "0")), parameters)
    share = parameters.share or name
    account = await _place(site, parameters, share, gib)
    if parameters.store_key:
        await _store_key(site, parameters, account, namespace)
    group = group_of(site, parameters)
    attributes = {
        **(storage_class.get("parameters") or {}),
        "csi.storage.k8s.io/pv/name": name,
        "csi.storage.k8s.io/pvc/name": claim["metadata"]["name"],
        "csi.storage.k8s.io/pvc/namespace": claim["metadata"]["namespace"],
        "secretnamespace": namespace,
        "storage.kubernetes.io/csiProvisionerIdentity": f"{site.group.number}-file.csi.azure.com",
    }
    csi = {
        "driver": "file.csi.azure.com",
        "volumeHandle": f"{group}#{account}#{share}###{namespace}",
        "volumeAttributes": attributes,
    }
    return {"capacity": {"storage": f"{gib}Gi"}, "csi": csi}


async def _place(site: Site, parameters: FileParameters, share: str, gib: int) -> str:
    """Make the share, in another account where the first that fits is full; return the account's name."""
    group = group_of(site, parameters)
    for last in range(_TRIES):
        try:
            account = await ensure_account(site, parameters)
        except ArmError as error:
            raise DriverError(Code.INTERNAL, f"failed to ensure storage account: {error}") from error
        try:
            await site.arm.put(f"{_shares(site, group, account)}/{share}", _share(parameters, gib))
        except ArmError as error:
            if error.code == _FULL and not parameters.account and last + 1 < _TRIES:
                await set_aside(site, group, account)
                continue
            text = (
                f"failed to create file share({share}) on account({account}) type({parameters.sku}) subsID() "
                f"rg({group}) location() size({gib}), error: {error}"
            )
            raise DriverError(Code.INTERNAL, text) from error
        break
    return account


def _share(parameters: FileParameters, gib: int) -> Document:
    properties: Document = {"shareQuota": gib}
    if parameters.nfs:
        properties["enabledProtocols"] = "NFS"
        if parameters.root_squash:
            properties["rootSquash"] = parameters.root_squash
    if parameters.tier:
        properties["accessTier"] = parameters.tier
    return {"properties": properties}


def _shares(site: Site, group: str, account: str) -> str:
    return f"{account_id(site, group, account)}/fileServices/default/shares"


async def _store_key(site: Site, parameters: FileParameters, account: str, namespace: str) -> None:
    """Write the Secret of an account into a namespace; one that is there stays as it is."""
    name = parameters.secret or f"azure-storage-account-{account}-secret"
    if site.store.get("secrets", namespace, name) is not None:
        return
    try:
        found = await site.arm.post(f"{account_id(site, group_of(site, parameters), account)}/listKeys")
    except ArmError as error:
        text = f"failed to GetStorageAccesskey on account({account}) rg({group_of(site, parameters)}), error: {error}"
        raise DriverError(Code.INTERNAL, text) from error
    plain = {"azurestorageaccountname": account, "azurestorageaccountkey": found["keys"][0]["value"]}
    data = {field: base64.b64encode(value.encode()).decode() for field, value in plain.items()}
    try:
        writes.create(site.store, SECRETS, namespace, {"metadata": {"name": name}, "data": data, "type": "Opaque"})
    except StatusError as error:
        raise DriverError(Code.INTERNAL, f"failed to store storage account key: {error.message}") from error


async def delete(site: Site, volume: Object) -> None:
    """Delete the share of a volume; the account stays."""
    handle = _handle(volume)
    group = handle.group or site.group.name
    try:
        await site.arm.delete(f"{_shares(site, group, handle.account)}/{handle.share}")
    except ArmError as error:
        if error.status == 404:  # noqa: PLR2004 (HTTP's)
            return
        text = f"DeleteFileShare {handle.share} under account({handle.account}) rg({group}) failed with error: {error}"
        raise DriverError(Code.INTERNAL, text) from error


async def expand(site: Site, volume: Object, asked_bytes: float) -> str:
    """Let the share of a volume grow; return its size as a quantity."""
    handle, gib = _handle(volume), rounded_gib(asked_bytes)
    path = f"{_shares(site, handle.group or site.group.name, handle.account)}/{handle.share}"
    try:
        share = await site.arm.get(path)
        if share is None or int(share["properties"]["shareQuota"]) < gib:
            await site.arm.patch(path, {"properties": {"shareQuota": gib}})
    except ArmError as error:
        raise DriverError(Code.INTERNAL, f"expand volume error: {error}") from error
    return f"{gib}Gi"


def _handle(volume: Object) -> ShareHandle:
    text = volume["spec"]["csi"]["volumeHandle"]
    handle = parse_share_handle(text)
    if handle is None:
        said = f'error parsing volume id: "{text}", should at least contain two #'
        raise DriverError(Code.INVALID_ARGUMENT, f"GetFileShareInfo({text}) failed with error: {said}")
    return handle
