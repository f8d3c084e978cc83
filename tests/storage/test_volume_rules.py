"""The rules of a volume that its schema cannot say, and its objects in the cluster."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from app.core.errors import InvalidRequestError
from app.storage.schemas.volumes import VolumeCreate
from app.storage.specs.volume_objects import (
    ShareAt,
    VolumeAt,
    claim_of,
    handle_of,
    mount_options_of,
    persistent_volume_name,
    persistent_volume_of,
    pod_lines,
    secret_of,
)
from app.storage.specs.volume_rules import check_volume
from app.storage.specs.volume_wanted import WantedVolume

SHARE = ShareAt("files", "accmedia", "media", 100)
VOLUME = VolumeAt("vol_1", "shop", "data", "slipway-shop-data-1", "slipway-accmedia")


def body(**fields: Any) -> VolumeCreate:
    return VolumeCreate.model_validate({"name": "data", "share": {"id": "media"}, **fields})


def refused(protocol: str | None = "SMB", **fields: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidRequestError) as caught:
        check_volume(body(**fields), protocol)
    return {(error.code, error.pointer) for error in caught.value.problem.errors}


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refused(
        access_modes=["ReadOnlyMany", "ReadOnlyMany"],
        mount_options=["username=me", "password=secret", "ro", "vers=3.1.1", "vers=3.0"],
        subdirectory="a/../b",
    ) == {
        ("duplicate_value", "/access_modes/1"),
        ("read_only_missing", "/read_only"),
        ("mount_option_secret", "/mount_options/0"),
        ("mount_option_secret", "/mount_options/1"),
        ("mount_option_reserved", "/mount_options/2"),
        ("duplicate_value", "/mount_options/4"),
        ("invalid_subdirectory", "/subdirectory"),
    }


@pytest.mark.parametrize(
    ("protocol", "option"), [("NFS", "dir_mode=0777"), ("NFS", "mfsymlinks"), ("SMB", "noresvport")]
)
def test_options_of_the_other_protocol_are_refused(protocol: str, option: str) -> None:
    """Trouble 68."""
    assert refused(protocol, mount_options=[option]) == {("mount_option_of_other_protocol", "/mount_options/0")}


def test_nfs_has_no_identity_and_no_secret() -> None:
    """Trouble 68."""
    assert refused("NFS", auth="identity") == {("auth_with_nfs", "/auth")}
    assert check_volume(body(), "NFS").auth == "none"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Data"},
        {"name": "-data"},
        {"name": "a" * 64},
        {"name": ""},
        {"namespace": "kube_system"},
        {"subdirectory": "/data"},
        {"subdirectory": "a\\b"},
        {"subdirectory": "a//b"},
        {"access_modes": []},
        {"access_modes": ["ReadWriteOncePod"]},
        {"mount_options": ["uid=0,password=x"]},
        {"mount_options": ["dir mode=1"]},
        {"share": "media"},
        {"auth": "password"},
    ],
)
def test_names_and_words_follow_the_rules(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body(**fields)


def test_a_callers_option_takes_the_place_of_the_default() -> None:
    options = mount_options_of(WantedVolume(mount_options=("dir_mode=0700", "vers=3.1.1")))
    assert [each for each in options if each.startswith("dir_mode")] == ["dir_mode=0700"]
    assert options[-1] == "vers=3.1.1"
    assert "nosharesock" in options


def test_an_smb_volume_is_a_secret_a_volume_and_a_claim_that_know_each_other() -> None:
    wanted = WantedVolume(subdirectory="a/b", read_only=True)
    volume, claim = persistent_volume_of(VOLUME, wanted, SHARE), claim_of(VOLUME, wanted, SHARE)
    assert volume.attributes == {
        "resourceGroup": "files",
        "storageAccount": "accmedia",
        "shareName": "media",
        "server": "accmedia.file.core.windows.net",
        "folderName": "a/b",
    }
    assert (volume.secret, volume.read_only, volume.capacity_gib) == (("shop", "slipway-accmedia"), True, 100)
    assert (volume.claim_namespace, volume.claim_name) == (claim.namespace, claim.name)
    assert (claim.volume, claim.storage_class, claim.request_gib) == (volume.name, "", 100)
    assert secret_of(VOLUME, "accmedia", "key").name == "slipway-accmedia"


def test_nfs_and_identity_need_no_secret() -> None:
    nfs = persistent_volume_of(VOLUME, WantedVolume(protocol="NFS", auth="none"), SHARE)
    assert (nfs.attributes["protocol"], nfs.secret) == ("nfs", None)
    assert "noresvport" in nfs.mount_options
    identity = persistent_volume_of(VOLUME, WantedVolume(auth="identity"), SHARE)
    assert (identity.attributes["mountWithManagedIdentity"], identity.secret) == ("true", None)


def test_no_two_volumes_have_one_handle_or_name() -> None:
    other = VolumeAt("vol_2", "shop", "data", "x", None)
    assert handle_of(VOLUME, SHARE) == "files#accmedia#media##vol_1#shop"
    assert handle_of(VOLUME, SHARE) != handle_of(other, SHARE)
    first = persistent_volume_name("shop", "data", "vol_01k7h2m9t0q4w8x6y5z3v1s2r0")
    assert first == "slipway-shop-data-z3v1s2r0"
    assert len(persistent_volume_name("n" * 63, "v" * 63, "vol_01k7h2m9t0q4w8x6y5z3v1s2r0")) <= 253


def test_four_lines_mount_it() -> None:
    text = pod_lines("data", read_only=False)
    assert len(text.splitlines()) == 4
    assert yaml.safe_load(text) == {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
    assert yaml.safe_load(pod_lines("data", read_only=True))["volumes"][0]["persistentVolumeClaim"]["readOnly"]
