import base64
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from app.kubernetes.errors import KubeconfigRule as Rule
from app.kubernetes.errors import UntrustedKubeconfigError
from app.kubernetes.kubeconfig import parse, rebuild
from app.kubernetes.types import Kubeconfig, LoginMode
from tests.support.kubeconfigs import FQDN, TOKEN, Authority, Pair, base64_text, dump

Document = dict[str, Any]


def read(document: object, **more: Any) -> Kubeconfig:
    raw = document if isinstance(document, bytes) else dump(document)
    return parse(raw, fqdns=[FQDN], **more)


def broken(document: object, **more: Any) -> Rule:
    with pytest.raises(UntrustedKubeconfigError) as caught:
        read(document, **more)
    error = caught.value
    assert error.problem.status == 502
    assert error.problem.code == "untrusted_kubeconfig"
    assert error.rule.value in error.problem.detail
    assert error.__cause__ is None
    return error.rule


def cluster(document: Document) -> Document:
    return document["clusters"][0]["cluster"]  # type: ignore[no-any-return]


def user(document: Document) -> Document:
    return document["users"][0]["user"]  # type: ignore[no-any-return]


def test_a_kubeconfig_of_aks_is_read_whole(document: Document, authority: Authority, client_pair: Pair) -> None:
    kubeconfig = read(document)

    assert kubeconfig.server == f"https://{FQDN}:443"
    assert kubeconfig.ca_pem == authority.pair.certificate
    assert kubeconfig.user == "clusterUser_group_prod"
    assert kubeconfig.token == TOKEN
    assert kubeconfig.client_certificate is not None
    assert kubeconfig.client_certificate.key_pem == client_pair.key
    assert kubeconfig.expires_at == kubeconfig.client_certificate.expires_at


def test_no_repr_shows_a_secret(document: Document, client_pair: Pair) -> None:
    """trouble 36"""
    text = repr(read(document))
    assert TOKEN not in text
    assert client_pair.key.splitlines()[1] not in text


def test_json_is_yaml(document: Document) -> None:
    assert read(yaml.safe_dump(document, default_flow_style=True).encode()).token == TOKEN


def test_the_private_name_is_the_clusters_too(document: Document) -> None:
    private = "prod-x.privatelink.westeurope.azmk8s.io"
    cluster(document)["server"] = f"https://{private}"
    assert parse(dump(document), fqdns=[FQDN, private]).server == f"https://{private}"


def test_an_allowed_host_must_prove_the_clusters_name(document: Document) -> None:
    cluster(document)["server"] = "https://127.0.0.1:6443"
    assert broken(document) is Rule.SERVER_HOST
    assert broken(document, allowed_server_hosts=["127.0.0.1"]) is Rule.TLS_SERVER_NAME
    cluster(document)["tls-server-name"] = "other.hcp.westeurope.azmk8s.io"
    assert broken(document, allowed_server_hosts=["127.0.0.1"]) is Rule.TLS_SERVER_NAME
    cluster(document)["tls-server-name"] = FQDN
    assert read(document, allowed_server_hosts=["127.0.0.1"]).tls_server_name == FQDN
    assert broken(document) is Rule.SERVER_HOST


def test_a_cluster_without_a_name_of_its_own_trusts_nothing(document: Document) -> None:
    with pytest.raises(UntrustedKubeconfigError):
        parse(dump(document), fqdns=[])


@pytest.mark.parametrize(
    ("server", "rule"),
    [
        (f"http://{FQDN}", Rule.HTTPS),
        (f"https://user@{FQDN}", Rule.HTTPS),
        (f"https://{FQDN}@evil.example", Rule.HTTPS),
        (f"https://{FQDN}/path", Rule.HTTPS),
        (f"https://{FQDN}?x=1", Rule.HTTPS),
        (f"https://{FQDN}#x", Rule.HTTPS),
        (f"https://{FQDN}:99999", Rule.HTTPS),
        (f" https://{FQDN}", Rule.HTTPS),
        (f"https://{FQDN}\n", Rule.HTTPS),
        (f"https://{FQDN}\\@evil.example", Rule.HTTPS),
        ("https://[::1", Rule.HTTPS),
        ("https://evil.example", Rule.SERVER_HOST),
        (f"https://{FQDN}.", Rule.SERVER_HOST),
        (f"https://{FQDN}.evil.example", Rule.SERVER_HOST),
        (f"https://x.{FQDN}", Rule.SERVER_HOST),
        ("https://127.0.0.1:6443", Rule.SERVER_HOST),
        ("", Rule.HTTPS),
    ],
)
def test_the_server_is_the_clusters_own(document: Document, server: str, rule: Rule) -> None:
    cluster(document)["server"] = server
    assert broken(document) is rule


def _set(where: Callable[[Document], Document], key: str, value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        where(document)[key] = value

    return change


def _root(document: Document) -> Document:
    return document


def _twice(key: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[key].append(deepcopy(document[key][0]) | {"name": "second"})

    return change


HOSTILE: list[tuple[str, Callable[[Document], None], Rule]] = [
    ("tls-server-name elsewhere", _set(cluster, "tls-server-name", "evil.example"), Rule.TLS_SERVER_NAME),
    ("no check of TLS", _set(cluster, "insecure-skip-tls-verify", True), Rule.INSECURE),
    ("check of TLS, said loudly", _set(cluster, "insecure-skip-tls-verify", False), Rule.INSECURE),
    ("proxy", _set(cluster, "proxy-url", "https://evil.example"), Rule.PROXY),
    ("authority by path", _set(cluster, "certificate-authority", "/etc/passwd"), Rule.FILE_PATH),
    ("authority not base64", _set(cluster, "certificate-authority-data", "%%%"), Rule.AUTHORITY),
    ("authority empty", _set(cluster, "certificate-authority-data", ""), Rule.AUTHORITY),
    ("authority not PEM", _set(cluster, "certificate-authority-data", base64_text("hello")), Rule.AUTHORITY),
    ("authority null", _set(cluster, "certificate-authority-data", None), Rule.SHAPE),
    ("cluster extension", _set(cluster, "extensions", []), Rule.UNKNOWN_FIELD),
    ("two clusters", _twice("clusters"), Rule.ONE_CLUSTER),
    ("no cluster", _set(_root, "clusters", []), Rule.ONE_CLUSTER),
    ("clusters null", _set(_root, "clusters", None), Rule.ONE_CLUSTER),
    ("two users", _twice("users"), Rule.ONE_USER),
    ("two contexts", _twice("contexts"), Rule.ONE_CONTEXT),
    ("context of another user", _set(lambda d: d["contexts"][0]["context"], "user", "other"), Rule.ONE_CONTEXT),
    ("another current context", _set(_root, "current-context", "other"), Rule.ONE_CONTEXT),
    ("unknown top field", _set(_root, "extensions", []), Rule.UNKNOWN_FIELD),
    ("another kind", _set(_root, "kind", "Secret"), Rule.SHAPE),
    ("preferences", _set(_root, "preferences", {"colors": "x"}), Rule.SHAPE),
    ("user not a mapping", lambda d: d["users"].__setitem__(0, ["x"]), Rule.SHAPE),
    ("certificate by path", _set(user, "client-certificate", "/var/x"), Rule.FILE_PATH),
    ("key by path", _set(user, "client-key", "/root/.ssh/id"), Rule.FILE_PATH),
    ("token by path", _set(user, "tokenFile", "/etc/shadow"), Rule.FILE_PATH),
    ("auth provider", _set(user, "auth-provider", {"name": "azure"}), Rule.AUTH_PROVIDER),
    ("password", _set(user, "password", "x"), Rule.UNKNOWN_FIELD),
    ("impersonation", _set(user, "as", "system:admin"), Rule.UNKNOWN_FIELD),
    ("key without certificate", lambda d: user(d).pop("client-certificate-data"), Rule.CLIENT_CERTIFICATE),
    ("key not a key", _set(user, "client-key-data", base64_text("x")), Rule.CLIENT_CERTIFICATE),
    ("key a mapping", _set(user, "client-key-data", {}), Rule.CLIENT_CERTIFICATE),
    ("token with a line break", _set(user, "token", "a\r\nHost: evil"), Rule.TOKEN),
    ("token empty", _set(user, "token", '""'), Rule.TOKEN),
    ("no credential", lambda d: user(d).clear(), Rule.NO_CREDENTIAL),
    ("kubelogin beside a token", _set(user, "exec", {}), Rule.NO_CREDENTIAL),
]


@pytest.mark.parametrize(("change", "rule"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_a_hostile_kubeconfig_is_refused(document: Document, change: Callable[[Document], None], rule: Rule) -> None:
    change(document)
    assert broken(document) is rule


def test_a_leaf_certificate_is_no_authority(document: Document, authority: Authority, client_pair: Pair) -> None:
    both = authority.pair.certificate + client_pair.certificate
    for pem in (client_pair.certificate, both):
        cluster(document)["certificate-authority-data"] = base64_text(pem)
        assert broken(document) is Rule.AUTHORITY


def test_a_key_of_another_certificate_is_refused(document: Document, authority: Authority) -> None:
    user(document)["client-key-data"] = base64_text(authority.sign("other").key)
    assert broken(document) is Rule.CLIENT_CERTIFICATE


def test_what_stands_around_a_certificate_is_not_given_on(document: Document, authority: Authority) -> None:
    cluster(document)["certificate-authority-data"] = base64_text("planted\n" + authority.pair.certificate)
    assert b"planted" not in base64.b64decode(
        yaml.safe_load(rebuild(read(document), context_name="prod"))["clusters"][0]["cluster"][
            "certificate-authority-data"
        ]
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"a: &x 1\nb: *x\n", Rule.ALIAS),
        (b"a: &x [1]\n", Rule.ALIAS),
        (b"a: !!python/object/apply:os.system [id]\n", Rule.ALIAS),
        (b"apiVersion: v1\napiVersion: v1\n", Rule.DUPLICATE_KEY),
        (b"<<: {apiVersion: v1}\n", Rule.UNKNOWN_FIELD),
        (b"[a]: 1\n", Rule.SHAPE),
        (b"? {a: 1}\n: 1\n", Rule.SHAPE),
        (b"", Rule.YAML),
        (b"---\na: 1\n---\nb: 1\n", Rule.YAML),
        (b"a: [", Rule.YAML),
        (b"\xff\xfe", Rule.YAML),
        (b"a: \x00", Rule.YAML),
        (b"text", Rule.SHAPE),
        (b"[" * 500, Rule.YAML),
        (b"[" * 400 + b"]" * 400, Rule.SHAPE),
        (b"a: " + b"x" * 1_000_000, Rule.SIZE),
    ],
)
def test_yaml_that_can_hide_something_is_refused(text: bytes, rule: Rule) -> None:
    assert broken(text) is rule


def test_the_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert broken("\n".join(lines).encode()) is Rule.ALIAS


def test_kubelogin_is_made_non_interactive(document: Document, entra_user: Document) -> None:
    """trouble 32: nothing asks a person. trouble 34: no login is left in a cache that two clusters share."""
    document["users"][0]["user"] = entra_user
    kubeconfig = read(document)
    assert kubeconfig.expires_at is None

    for login in LoginMode:
        command = yaml.safe_load(rebuild(kubeconfig, context_name="prod", login=login))["users"][0]["user"]["exec"]
        assert command["command"] == "kubelogin"
        assert command["interactiveMode"] == "Never"
        assert command["args"][:3] == ["get-token", "--login", login]
        assert "devicecode" not in command["args"]
        assert "80faf920-1908-4b52-b5ef-a8e7bedfc67a" not in command["args"]


@pytest.mark.parametrize("command", ["/opt/kubelogin", "./kubelogin", "sh", "", "kubelogin ", None])
def test_no_command_but_kubelogin_runs(document: Document, entra_user: Document, command: str | None) -> None:
    entra_user["exec"]["command"] = command
    document["users"][0]["user"] = entra_user
    assert broken(document) is Rule.EXEC_COMMAND


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["get-token"],
        ["convert-kubeconfig"],
        ["get-token", "--server-id"],
        ["get-token", "--server-id", "not-a-uuid"],
        ["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630", "--authority-host", "https://evil"],
        ["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630", "--client-secret", "x"],
        ["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630", "--token-cache-dir", "/root"],
        ["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630", "--environment", "$(id)"],
        ["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"] * 2,
        "get-token",
    ],
)
def test_kubelogin_takes_allowed_arguments_only(document: Document, entra_user: Document, arguments: object) -> None:
    entra_user["exec"]["args"] = arguments
    document["users"][0]["user"] = entra_user
    assert broken(document) is Rule.EXEC_ARGUMENTS


def test_kubelogin_gets_no_environment(document: Document, entra_user: Document) -> None:
    entra_user["exec"]["env"] = [{"name": "LD_PRELOAD", "value": "/var/x.so"}]
    document["users"][0]["user"] = entra_user
    assert broken(document) is Rule.EXEC_ARGUMENTS


def test_what_is_given_out_is_written_anew(document: Document) -> None:
    """trouble 34: the names come from us, so that two clusters' kubeconfigs can be merged."""
    raw = rebuild(read(document), context_name="prod-01k7")
    written = yaml.safe_load(raw)

    assert written["current-context"] == "prod-01k7"
    assert written["contexts"] == [{"name": "prod-01k7", "context": {"cluster": "prod-01k7", "user": "prod-01k7"}}]
    assert [entry["name"] for entry in written["clusters"] + written["users"]] == ["prod-01k7", "prod-01k7"]
    assert set(written) == {"apiVersion", "kind", "clusters", "users", "contexts", "current-context"}
    assert b"clusterUser_group_prod" not in raw
    again = read(raw)
    first = read(document)
    assert (again.server, again.ca_pem, again.token) == (first.server, first.ca_pem, first.token)
    assert again.client_certificate == first.client_certificate


@pytest.mark.parametrize("name", ["Prod", "a_b", "-a", "a-", "", "a" * 129, "a b", "ü"])
def test_a_context_name_is_plain(document: Document, name: str) -> None:
    with pytest.raises(ValueError, match=re.escape("a-z")):
        rebuild(read(document), context_name=name)
