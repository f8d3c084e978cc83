"""Kubeconfigs: what Azure returned is read strictly, and what callers get is written anew.

A kubeconfig tells kubectl which server to trust and which programs to run with its owner's rights, so nothing of
Azure's document is passed through. The rules are those of `KubeconfigRule`.
"""

import base64
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

import yaml

from app.kubernetes import pem
from app.kubernetes.errors import KubeconfigRule, UntrustedKubeconfigError
from app.kubernetes.strict_yaml import Plain, load
from app.kubernetes.types.kubeconfig import ExecPlugin, Kubeconfig, LoginMode

_FORBIDDEN = {
    "insecure-skip-tls-verify": KubeconfigRule.INSECURE,
    "proxy-url": KubeconfigRule.PROXY,
    "certificate-authority": KubeconfigRule.FILE_PATH,
    "client-certificate": KubeconfigRule.FILE_PATH,
    "client-key": KubeconfigRule.FILE_PATH,
    "tokenFile": KubeconfigRule.FILE_PATH,
    "auth-provider": KubeconfigRule.AUTH_PROVIDER,
}
_MAX_NAME = 256
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,16384}={0,2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD = re.compile(r"[A-Za-z]{1,32}")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?")
_ARGUMENTS = {
    "--server-id": _UUID,
    "--client-id": _UUID,
    "--tenant-id": _UUID,
    "--environment": _WORD,
    "--login": _WORD,
}
_SHORT = {"-l": "--login", "-e": "--environment", "-t": "--tenant-id"}
# What kubectl's and kubelogin's releases in use agree on; both speak `v1` too, older kubelogins do not.
_EXEC_VERSION = "client.authentication.k8s.io/v1beta1"
_EXEC_VERSIONS = (_EXEC_VERSION, "client.authentication.k8s.io/v1")


def parse(document: bytes, *, fqdns: Collection[str], allowed_server_hosts: Collection[str] = ()) -> Kubeconfig:
    """Read a kubeconfig that Azure returned for the cluster with these FQDNs (public, private).

    The server is one of the FQDNs, or a host of `allowed_server_hosts` whose `tls-server-name` is one of the FQDNs.
    Raises UntrustedKubeconfigError, which names the rule and nothing of the document. Keys of 4096 bits take some
    tens of milliseconds to check: run it in a thread where a loop must not wait.
    """
    root = _fields(
        load(document), required={"clusters", "users", "contexts", "current-context"}, optional=_HEADER_FIELDS
    )
    _check_header(root)
    cluster_name, cluster = _only(root["clusters"], "cluster", KubeconfigRule.ONE_CLUSTER)
    user_name, user = _only(root["users"], "user", KubeconfigRule.ONE_USER)
    context_name, context = _only(root["contexts"], "context", KubeconfigRule.ONE_CONTEXT)
    joined = _fields(context, required={"cluster", "user"}, optional={"namespace"})
    if (joined["cluster"], joined["user"], root["current-context"]) != (cluster_name, user_name, context_name):
        raise UntrustedKubeconfigError(KubeconfigRule.ONE_CONTEXT)

    cluster_fields = _fields(cluster, required={"server", "certificate-authority-data"}, optional={"tls-server-name"})
    server = _text(cluster_fields["server"])
    tls_server_name = _optional_text(cluster_fields.get("tls-server-name"))
    known = {fqdn.lower() for fqdn in fqdns if fqdn}
    _check_server(server, tls_server_name, known, {host.lower() for host in allowed_server_hosts})
    return _with_user(
        user,
        Kubeconfig(
            server=server,
            ca_pem=pem.authorities(_text(cluster_fields["certificate-authority-data"])),
            user=user_name,
            tls_server_name=tls_server_name,
        ),
    )


def rebuild(kubeconfig: Kubeconfig, *, context_name: str, login: LoginMode = LoginMode.AZURE_CLI) -> bytes:
    """Write a kubeconfig of one cluster, one user and one context, all called `context_name` ([a-z0-9-]).

    Where the cluster's users log in through Entra, kubelogin is called in the given mode, never interactively.
    """
    if not _NAME.fullmatch(context_name):
        raise ValueError("A context's name consists of a-z, 0-9 and hyphens")
    cluster: dict[str, object] = {
        "server": kubeconfig.server,
        "certificate-authority-data": _base64(kubeconfig.ca_pem),
    }
    if kubeconfig.tls_server_name is not None:
        cluster["tls-server-name"] = kubeconfig.tls_server_name
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context_name, "cluster": cluster}],
        "users": [{"name": context_name, "user": _user(kubeconfig, login)}],
        "contexts": [{"name": context_name, "context": {"cluster": context_name, "user": context_name}}],
        "current-context": context_name,
    }
    return yaml.safe_dump(document, sort_keys=False, width=1 << 20).encode()


_HEADER_FIELDS = {"apiVersion", "kind", "preferences"}


def _check_header(root: Mapping[str, Plain]) -> None:
    if root.get("apiVersion", "v1") != "v1" or root.get("kind", "Config") != "Config" or root.get("preferences"):
        raise UntrustedKubeconfigError(KubeconfigRule.SHAPE)


def _check_server(server: str, tls_server_name: str | None, fqdns: set[str], allowed_hosts: set[str]) -> None:
    try:
        parts = urlsplit(server)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        raise UntrustedKubeconfigError(KubeconfigRule.HTTPS) from None
    # Written out and compared: what urlsplit drops or bends (spaces, userinfo, a path) must not have been there.
    if server.lower().rstrip("/") not in {f"https://{host}", f"https://{host}:{port}"}:
        raise UntrustedKubeconfigError(KubeconfigRule.HTTPS)
    if host not in fqdns and host not in allowed_hosts:
        raise UntrustedKubeconfigError(KubeconfigRule.SERVER_HOST)
    proven = (tls_server_name or host).lower()
    if proven not in fqdns or (host in fqdns and proven != host):
        raise UntrustedKubeconfigError(KubeconfigRule.TLS_SERVER_NAME)


def _with_user(user: Plain, base: Kubeconfig) -> Kubeconfig:
    fields = _fields(user, optional={"client-certificate-data", "client-key-data", "token", "exec"})
    certificate, key = fields.get("client-certificate-data"), fields.get("client-key-data")
    token, plugin = fields.get("token"), fields.get("exec")
    if (plugin is None) == (token is None and certificate is None and key is None):
        raise UntrustedKubeconfigError(KubeconfigRule.NO_CREDENTIAL)
    if (certificate is None) != (key is None):
        raise UntrustedKubeconfigError(KubeconfigRule.CLIENT_CERTIFICATE)
    if token is not None and not _TOKEN.fullmatch(_text(token, KubeconfigRule.TOKEN)):
        raise UntrustedKubeconfigError(KubeconfigRule.TOKEN)
    return Kubeconfig(
        server=base.server,
        ca_pem=base.ca_pem,
        user=base.user,
        tls_server_name=base.tls_server_name,
        client_certificate=None
        if certificate is None
        else pem.client_certificate(
            _text(certificate, KubeconfigRule.CLIENT_CERTIFICATE), _text(key, KubeconfigRule.CLIENT_CERTIFICATE)
        ),
        token=_optional_text(token),
        exec_plugin=None if plugin is None else _exec_plugin(plugin),
    )


def _exec_plugin(value: Plain) -> ExecPlugin:
    fields = _fields(
        value,
        required={"apiVersion", "command", "args"},
        optional={"env", "installHint", "provideClusterInfo", "interactiveMode"},
    )
    # The bare name: a path would let whoever wrote it choose the program.
    if fields["command"] != "kubelogin" or fields["apiVersion"] not in _EXEC_VERSIONS:
        raise UntrustedKubeconfigError(KubeconfigRule.EXEC_COMMAND)
    words = fields["args"]
    if fields.get("env") or not isinstance(words, list):
        raise UntrustedKubeconfigError(KubeconfigRule.EXEC_ARGUMENTS)
    arguments = _arguments([_text(word, KubeconfigRule.EXEC_ARGUMENTS) for word in words])
    return ExecPlugin(
        server_id=arguments["--server-id"],
        environment=arguments.get("--environment"),
        client_id=arguments.get("--client-id"),
        tenant_id=arguments.get("--tenant-id"),
    )


def _arguments(words: list[str]) -> dict[str, str]:
    if not words or words.pop(0) != "get-token" or len(words) % 2:
        raise UntrustedKubeconfigError(KubeconfigRule.EXEC_ARGUMENTS)
    arguments: dict[str, str] = {}
    for flag, value in zip(words[::2], words[1::2], strict=True):
        name = _SHORT.get(flag, flag)
        pattern = _ARGUMENTS.get(name)
        if pattern is None or name in arguments or not pattern.fullmatch(value):
            raise UntrustedKubeconfigError(KubeconfigRule.EXEC_ARGUMENTS)
        arguments[name] = value
    if "--server-id" not in arguments:
        raise UntrustedKubeconfigError(KubeconfigRule.EXEC_ARGUMENTS)
    return arguments


def _user(kubeconfig: Kubeconfig, login: LoginMode) -> dict[str, object]:
    user: dict[str, object] = {}
    if kubeconfig.client_certificate is not None:
        user["client-certificate-data"] = _base64(kubeconfig.client_certificate.certificate_pem)
        user["client-key-data"] = _base64(kubeconfig.client_certificate.key_pem)
    if kubeconfig.token is not None:
        user["token"] = kubeconfig.token
    plugin = kubeconfig.exec_plugin
    if plugin is not None:
        arguments = ["get-token", "--login", str(login), "--server-id", plugin.server_id]
        if plugin.environment is not None:
            arguments += ["--environment", plugin.environment]
        if plugin.tenant_id is not None:
            arguments += ["--tenant-id", plugin.tenant_id]
        # The client id that Azure gives is that of its interactive login; the other modes bring their own.
        user["exec"] = {
            "apiVersion": _EXEC_VERSION,
            "command": "kubelogin",
            "args": arguments,
            "interactiveMode": "Never",
            "provideClusterInfo": False,
        }
    return user


def _only(value: Plain, content: str, rule: KubeconfigRule) -> tuple[str, Plain]:
    if not isinstance(value, list) or len(value) != 1:
        raise UntrustedKubeconfigError(rule)
    entry = _fields(value[0], required={"name", content})
    name = _text(entry["name"])
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise UntrustedKubeconfigError(KubeconfigRule.SHAPE)
    return name, entry[content]


def _fields(value: Plain, *, required: Collection[str] = (), optional: Collection[str] = ()) -> Mapping[str, Plain]:
    if not isinstance(value, dict):
        raise UntrustedKubeconfigError(KubeconfigRule.SHAPE)
    for key in value:
        if key not in required and key not in optional:
            raise UntrustedKubeconfigError(_FORBIDDEN.get(key, KubeconfigRule.UNKNOWN_FIELD))
    if any(key not in value for key in required):
        raise UntrustedKubeconfigError(KubeconfigRule.SHAPE)
    return value


def _text(value: Plain, rule: KubeconfigRule = KubeconfigRule.SHAPE) -> str:
    if not isinstance(value, str):
        raise UntrustedKubeconfigError(rule)
    return value


def _optional_text(value: Plain) -> str | None:
    return None if value is None else _text(value)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
