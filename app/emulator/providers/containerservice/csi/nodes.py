"""The drivers on the nodes: they mount what the cluster's objects name, as far as Azure lets them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.emulator.core.cloud import Cloud
from app.emulator.core.file_shares import Attempt, Refusal, refusal
from app.emulator.core.inside import ArmError
from app.emulator.core.store import Resource
from app.emulator.kubernetes.host import ClusterHost
from app.emulator.kubernetes.mounting import Mount
from app.emulator.kubernetes.storage_classes import FILES
from app.emulator.providers.containerservice.csi import words
from app.emulator.providers.containerservice.csi.handles import ShareHandle, parse_share_handle
from app.emulator.providers.containerservice.node_resource_group import node_group_of
from app.emulator.providers.containerservice.nodes import pools_of

KEY_CACHE_SECONDS = 180
"""For so long a node's driver goes on with a key that it has read from a Secret by itself."""
_NAME_KEYS = ("azurestorageaccountname", "accountname")
_KEY_KEYS = ("azurestorageaccountkey", "accountkey")
# Options of NFS, which mount.cifs does not know.
_NOT_SMB = frozenset({"nfsvers", "minorversion", "nolock", "noresvport", "proto", "mountproto"})


@dataclass(frozen=True)
class _Credentials:
    account: str
    key: str


class _RefusedError(Exception):
    """A mount that the driver itself does not try; the text is its error."""


class NodeDrivers:
    """All nodes' drivers. What they mounted follows from the pods that run; only their caches of keys are kept here."""

    def __init__(self, host: ClusterHost) -> None:
        """Mount for the clusters of `host`, once there is a cloud."""
        self._host = host
        self._cloud: Cloud | None = None
        self._keys: dict[tuple[str, str, str], tuple[str, datetime]] = {}

    def start(self, cloud: Cloud) -> None:
        """Begin; to be called before the first cluster is brought back."""
        self._cloud = cloud
        self._keys.clear()
        self._host.mount_by(self)

    def refusal(self, cluster: str, mount: Mount) -> str | None:
        """Mount a volume on a node, or say why not."""
        cloud = self._cloud
        found = cloud.store.get(cluster) if cloud is not None else None
        if cloud is None or found is None or mount.driver != FILES:
            return None
        try:
            return self._mount_share(cloud, found, mount)
        except _RefusedError as refused:
            return str(refused)

    def _mount_share(self, cloud: Cloud, cluster: Resource, mount: Mount) -> str | None:
        attributes = {name.lower(): value for name, value in mount.attributes.items()}
        handle = parse_share_handle(mount.handle) or ShareHandle("", "", "", "")
        share = attributes.get("sharename") or handle.share
        nfs = attributes.get("protocol", "").lower() == "nfs"
        account = attributes.get("storageaccount") or handle.account
        key = ""
        if not nfs:
            credentials = self._credentials(cloud, cluster, mount, attributes, account)
            account, key = credentials.account, credentials.key
        if not share:
            raise _RefusedError(words.invalid(f"failed to get file share name from {mount.handle}"))
        if not account:
            raise _RefusedError(words.invalid(f"failed to get account name from {mount.handle}"))
        pool = _pool_of(cloud, cluster, mount)
        subnet = (pool.body["properties"].get("vnetSubnetID") if pool else None) or node_group_of(cluster).subnet_id
        why = refusal(cloud, Attempt(account, share, subnet, nfs=nfs, key=key))
        if why is None and not nfs and pool is not None and pool.body["properties"].get("enableFIPS"):
            why = Refusal.NO_SHARE  # without MD4 no session is begun: the kernel says the same as of no share
        return _said(mount, attributes, account, share, why, nfs=nfs)

    def _credentials(
        self, cloud: Cloud, cluster: Resource, mount: Mount, attributes: Mapping[str, str], account: str
    ) -> _Credentials:
        """The account and its key: of the Secret that the volume names, or as the driver finds one by itself."""
        place = (f"{cluster.key}/{cluster.created.isoformat()}", mount.node["metadata"]["name"])
        if mount.secrets:
            found = _read_secret(mount.secrets, "")
            if found is None:
                part = "accountkey or azurestorageaccountkey"
                if not any(name in mount.secrets for name in _NAME_KEYS):
                    part = "accountname or azurestorageaccountname"
                text = f"GetAccountInfo({mount.handle}) failed with error: could not find {part} field in secrets"
                raise _RefusedError(words.invalid(text))
        else:
            known = self._keys.get((*place, account))
            if known is not None and cloud.now() < known[1]:
                return _Credentials(account, known[0])
            found = self._look_up(cloud, cluster, mount, attributes, account)
        if not found.key:
            raise _RefusedError(words.internal(f"accountName({found.account}) or accountKey is empty"))
        now = cloud.now()
        self._keys = {known: entry for known, entry in self._keys.items() if now < entry[1]}
        self._keys[*place, found.account] = (found.key, now + cloud.scaled(KEY_CACHE_SECONDS))
        return found

    def _look_up(
        self, cloud: Cloud, cluster: Resource, mount: Mount, attributes: Mapping[str, str], account: str
    ) -> _Credentials:
        handle = parse_share_handle(mount.handle)
        namespace = (
            attributes.get("secretnamespace")
            or (handle.namespace if handle else "")
            or attributes.get("csi.storage.k8s.io/pvc/namespace")
            or attributes.get("csi.storage.k8s.io/pod.namespace")
            or "default"
        )
        name = attributes.get("secretname") or f"azure-storage-account-{account}-secret"
        store = self._host.serving(cluster.key)
        secret = store.get("secrets", namespace, name) if store is not None else None
        data = {key: base64.b64decode(value).decode() for key, value in ((secret or {}).get("data") or {}).items()}
        found = _read_secret(data, account)
        if found is not None:
            return found
        if not account or attributes.get("getaccountkeyfromsecret", "").lower() == "true":
            why = f'could not get secret({name}): secrets "{name}" not found'
        else:
            why = str(_keys_refused(cloud, cluster, handle.group if handle else "", account))
        raise _RefusedError(words.invalid(f"GetAccountInfo({mount.handle}) failed with error: {why}"))


def _read_secret(data: Mapping[str, str], account: str) -> _Credentials | None:
    names = [data[key].strip() for key in _NAME_KEYS if key in data] or [account]
    keys = [data[key].strip() for key in _KEY_KEYS if key in data]
    return _Credentials(names[0], keys[0]) if names[0] and keys else None


def _keys_refused(cloud: Cloud, cluster: Resource, group_name: str, account: str) -> ArmError:
    """What Azure answers to the nodes' identity, which has no right to read keys."""
    group = node_group_of(cluster)
    identity = cloud.store.get(group.kubelet_identity_id)
    principal = identity.body["properties"]["principalId"] if identity is not None else ""
    scope = (
        f"/subscriptions/{group.subscription}/resourceGroups/{group_name or group.name}"
        f"/providers/Microsoft.Storage/storageAccounts/{account}"
    )
    message = (
        f"The client '{principal}' with object id '{principal}' does not have authorization to perform action "
        f"'Microsoft.Storage/storageAccounts/listKeys/action' over scope '{scope}' or the scope is invalid. If access "
        "was recently granted, please refresh your credentials."
    )
    body = json.dumps({"error": {"code": "AuthorizationFailed", "message": message}}, indent=2)
    return ArmError("POST", f"{scope}/listKeys", 403, "AuthorizationFailed", body)


def _pool_of(cloud: Cloud, cluster: Resource, mount: Mount) -> Resource | None:
    name = (mount.node["metadata"].get("labels") or {}).get("agentpool")
    return next((pool for pool in pools_of(cloud, cluster) if pool.name == name), None)


def _said(
    mount: Mount, attributes: Mapping[str, str], account: str, share: str, why: Refusal | None, *, nfs: bool
) -> str | None:
    folder = f"/{attributes['foldername']}" if attributes.get("foldername") else ""
    host = attributes.get("server") or f"{account}.file.core.windows.net"
    if (mount.node["metadata"].get("labels") or {}).get("kubernetes.io/os") == "windows":
        # There mount options are passed over.
        source = f"\\\\{host}\\{share}{folder}".replace("/", "\\")
        return words.of_windows(mount, source, why) if why else None
    source = f"{host}:/{account}/{share}{folder}" if nfs else f"//{host}/{share}{folder}"
    if not nfs and (_NOT_SMB & {option.partition("=")[0] for option in mount.options}):
        return words.of_output(mount, source, words.INVALID_ARGUMENT, nfs=False)
    return words.of_linux(mount, host, source, why, nfs=nfs) if why else None
