"""Where secrets lie that should lie nowhere: each is looked for as it is, in files, rows and processes."""

import base64
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.figures import Line
from bench.slipway import Slipway

# What is a secret whoever made it: JSON Web Tokens, and private keys as text or in base64.
PATTERNS = {
    "a token": re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    # The same in base64 ("-----BEGIN RSA P", "-----BEGIN PRIV", "-----BEGIN EC PR", "-----BEGIN OPENS").
    "a private key in base64": re.compile(rb"LS0tLS1CRUdJTi(BSU0EgU|BQUklW|BFQyBQU|BPUEVOU)"),
}


def pieces(name: str, text: str) -> dict[str, bytes]:
    """A secret of several lines, line by line: a log or a JSON text breaks it up."""
    lines = [line for line in text.splitlines() if len(line) >= 20 and not line.startswith("-----")]  # noqa: PLR2004 - long enough to be no chance
    return {f"{name}, line {number}": line.strip().encode() for number, line in enumerate(lines, 1)}


def held(secrets: Mapping[str, bytes], data: bytes) -> list[str]:
    """Names of the secrets in these bytes."""
    return [name for name, secret in secrets.items() if secret in data] + [
        name for name, pattern in PATTERNS.items() if pattern.search(data)
    ]


def files_that_hold(secrets: Mapping[str, bytes], files: Iterable[Path]) -> list[str]:
    """`file: secret` for each that is found; folders are searched through."""
    found = []
    for file in files:
        if file.is_dir():
            found += files_that_hold(secrets, file.iterdir())
        elif file.is_file():
            found += [f"{file.name}: {name}" for name in held(secrets, file.read_bytes())]
    return found


def processes_that_hold(secrets: Mapping[str, bytes], pids: Iterable[int]) -> list[str]:
    """`process: secret` for each that `ps` would show."""
    return [
        f"{file}: {name}"
        for pid in pids
        for file in (Path(f"/proc/{pid}/cmdline"), Path(f"/proc/{pid}/environ"))
        for name in held(secrets, file.read_bytes())
    ]


async def planted(slipway: Slipway) -> dict[str, bytes]:
    """Make a cluster with a generated SSH key, take its kubeconfig, and return all secrets that came to light."""
    body = {
        "name": "planted",
        "location": "westeurope",
        "node_count": 1,
        "node_size": "Standard_D4s_v5",
        "generate_ssh_key": True,
    }
    answer = (await slipway.http.post("/v1/clusters", json=body, headers={"Idempotency-Key": "planted"})).json()
    await slipway.until_ended([answer["job"]["id"]])
    issued = await slipway.http.post("/v1/clusters/planted/credentials", headers={"Idempotency-Key": "planted"})
    return {
        "the API key": slipway.facts.api_key.rpartition("_")[2].encode(),
        **pieces("the SSH key", answer["ssh_private_key"]),
        **of_kubeconfig(issued.raise_for_status().json()["kubeconfig"]),
    }


def of_kubeconfig(text: str) -> dict[str, bytes]:
    """The client's key and the token of a kubeconfig, as they stand there and decoded."""
    found: dict[str, bytes] = {}
    for name in ("client-key-data", "token"):
        for value in re.findall(rf"\b{name}: (\S+)", text):
            found[f"the kubeconfig's {name}"] = value.encode()
            if name == "client-key-data":
                found |= pieces("the client's key", base64.b64decode(value).decode())
    if not found:
        raise ValueError("the kubeconfig has no secret")
    return found


def report(secrets: Mapping[str, bytes], files: Iterable[Path], in_processes: list[str]) -> Line:
    """The line of the bench."""
    found = files_that_hold(secrets, files) + in_processes
    if found:
        raise RuntimeError("secrets lie where they should not:\n" + "\n".join(found))
    return Line(
        name="secrets found in logs, database files and processes",
        measured="0",
        compared_with="looked for",
        comparison=f"{len(secrets)} values and {len(PATTERNS)} patterns",
        ratio=0.0,
        goal="none",
        grows="with nothing: one that is found ends the run",
    )
