"""The kubectl that fits a cluster."""

import pytest

from app.clusters.schemas.kubectl import ClientArch, ClientOs
from app.clusters.specs.kubectl import kubectl_for
from tests.support.database import ONE_DATABASE
from tests.support.whole import CLUSTER, Slipway

MIRROR = "https://mirror.example/k8s/"


@pytest.mark.parametrize("os", ClientOs)
@pytest.mark.parametrize("arch", ClientArch)
def test_it_is_the_clusters_own_version_where_it_is_published(os: ClientOs, arch: ClientArch) -> None:
    found = kubectl_for("1.33.5", os, arch, mirror=MIRROR)
    name = "kubectl.exe" if os is ClientOs.WINDOWS else "kubectl"
    assert found.url == f"https://mirror.example/k8s/release/v1.33.5/bin/{os}/{arch}/{name}"
    assert found.checksum_url == f"{found.url}.sha256"
    assert (found.oldest, found.newest) == ("1.32", "1.34")
    fetch, place = found.install
    assert found.url in fetch
    assert found.checksum_url in fetch
    assert {"linux": "sha256sum --check", "darwin": "shasum", "windows": "Get-FileHash"}[os] in place
    assert found.shell == ("powershell" if os is ClientOs.WINDOWS else "bash")


@ONE_DATABASE
async def test_a_cluster_says_which_kubectl_fits_it(slipway: Slipway) -> None:
    await slipway.create(kubernetes_version="1.33.5")
    answer = await slipway.ask("GET", "/v1/clusters/blue/kubectl?os=linux&arch=arm64")
    assert answer.json()["url"] == "https://dl.k8s.io/release/v1.33.5/bin/linux/arm64/kubectl"


@ONE_DATABASE
async def test_what_is_not_published_is_refused_with_what_is(idle_slipway: Slipway) -> None:
    await idle_slipway.accepted("POST", "/v1/clusters", CLUSTER)
    refused = await idle_slipway.ask("GET", "/v1/clusters/blue/kubectl?os=plan9&arch=sparc")
    errors = {error["pointer"]: error for error in refused.json()["errors"]}
    assert set(errors) == {"query:os", "query:arch"}
    assert "darwin" in errors["query:os"]["detail"]
    unknown = await idle_slipway.ask("GET", "/v1/clusters/blue/kubectl?os=linux&arch=amd64")
    assert (unknown.status_code, unknown.json()["code"]) == (409, "cluster_version_unknown")
