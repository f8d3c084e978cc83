"""One hostile kubeconfig for each rule that those from Azure must keep, made from a good one."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from app.kubernetes.errors import KubeconfigRule as Rule
from tests.support.kubeconfigs import Pair, base64_text, dump, entra_login

PLANTED = "planted-c4n4ry"
"""A word in every document; what repeats it has leaked the document."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Hostile:
    """A document and the rule that it breaks."""

    name: str
    document: bytes
    rule: Rule


def _cluster(document: Document) -> Document:
    found: Document = document["clusters"][0]["cluster"]
    return found


def _user(document: Document) -> Document:
    found: Document = document["users"][0]["user"]
    return found


def _put(where: Callable[[Document], Document], **values: object) -> Callable[[Document], None]:
    fields = {name.replace("_", "-"): value for name, value in values.items()}
    return lambda document: where(document).update(fields)


def _again(part: str) -> Callable[[Document], None]:
    return lambda document: document[part].append({**deepcopy(document[part][0]), "name": PLANTED})


def _login(**changes: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        entra = entra_login()
        entra["exec"].update(changes)
        document["users"][0]["user"] = entra

    return change


def _named(part: str, name: str) -> Callable[[Document], None]:
    return lambda document: document[part][0].update(name=name)


_SERVER_ID = ["get-token", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"]

_CHANGES: tuple[tuple[str, Rule, Callable[[Document], None]], ...] = (
    ("exec of a shell", Rule.EXEC_COMMAND, _login(command=f"sh -c {PLANTED}")),
    ("exec of a kubelogin elsewhere", Rule.EXEC_COMMAND, _login(command=f"/{PLANTED}/kubelogin")),
    (
        "kubelogin with an argument off the list",
        Rule.EXEC_ARGUMENTS,
        _login(args=[*_SERVER_ID, "--cache-dir", PLANTED]),
    ),
    ("kubelogin with an environment", Rule.EXEC_ARGUMENTS, _login(env=[{"name": "LD_PRELOAD", "value": PLANTED}])),
    ("auth-provider", Rule.AUTH_PROVIDER, _put(_user, auth_provider={"name": PLANTED})),
    ("tokenFile", Rule.FILE_PATH, _put(_user, tokenFile=f"/{PLANTED}")),
    ("client-key by path", Rule.FILE_PATH, _put(_user, client_key=f"/{PLANTED}")),
    ("client-certificate by path", Rule.FILE_PATH, _put(_user, client_certificate=f"/{PLANTED}")),
    ("certificate-authority by path", Rule.FILE_PATH, _put(_cluster, certificate_authority=f"/{PLANTED}")),
    ("no check of the certificate", Rule.INSECURE, _put(_cluster, insecure_skip_tls_verify=True)),
    ("a proxy", Rule.PROXY, _put(_cluster, proxy_url=f"https://{PLANTED}.example")),
    ("http", Rule.HTTPS, lambda document: _cluster(document).update(server=f"http://{PLANTED}.example")),
    ("another host", Rule.SERVER_HOST, _put(_cluster, server=f"https://{PLANTED}.example")),
    ("another name for TLS", Rule.TLS_SERVER_NAME, _put(_cluster, tls_server_name=f"{PLANTED}.example")),
    ("garbage for an authority", Rule.AUTHORITY, _put(_cluster, certificate_authority_data=base64_text(PLANTED))),
    ("no base64 for an authority", Rule.AUTHORITY, _put(_cluster, certificate_authority_data=f"%{PLANTED}")),
    ("two clusters", Rule.ONE_CLUSTER, _again("clusters")),
    ("two users", Rule.ONE_USER, _again("users")),
    ("two contexts", Rule.ONE_CONTEXT, _again("contexts")),
    ("another current context", Rule.ONE_CONTEXT, lambda document: document.update({"current-context": PLANTED})),
    ("a field that nobody knows", Rule.UNKNOWN_FIELD, _put(_user, password=PLANTED)),
    ("another kind", Rule.SHAPE, lambda document: document.update(kind=PLANTED)),
    ("a terminal's control characters in a name", Rule.SHAPE, _named("clusters", f"\x1b[31m{PLANTED}\x07")),
    ("a key that is none", Rule.CLIENT_CERTIFICATE, _put(_user, client_key_data=base64_text(PLANTED))),
    ("a token that adds a header", Rule.TOKEN, _put(_user, token=f"x\r\nX-Evil: {PLANTED}")),
    ("no credential", Rule.NO_CREDENTIAL, lambda document: document["users"][0].update(user={})),
)


def hostile_kubeconfigs(good: Document, leaf: Pair) -> list[Hostile]:
    """The documents; `leaf` is a certificate that is no authority's."""
    no_authority = ("a leaf for an authority", Rule.AUTHORITY, _authority(leaf))
    found = []
    for name, rule, change in (*_CHANGES, no_authority):
        document = deepcopy(good)
        change(document)
        found.append(Hostile(name, dump(document), rule))
    text = dump(good)
    bomb = [f"a0: &a0 [{', '.join([PLANTED] * 10)}]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return [
        *found,
        Hostile("an alias bomb", "\n".join(bomb).encode(), Rule.ALIAS),
        Hostile("a tag that makes an object", f"a: !!python/object/apply:os.system [{PLANTED}]".encode(), Rule.ALIAS),
        Hostile("a key twice", text + f"kind: {PLANTED}\n".encode() * 2, Rule.DUPLICATE_KEY),
        Hostile("more than 1 MB", text + b"# " + PLANTED.encode() * 100_000, Rule.SIZE),
        Hostile("no UTF-8", PLANTED.encode() + b"\xff\xfe: 1", Rule.YAML),
        Hostile("two documents", text + b"---\n" + text, Rule.YAML),
    ]


def _authority(leaf: Pair) -> Callable[[Document], None]:
    return _put(_cluster, certificate_authority_data=base64_text(leaf.certificate))
