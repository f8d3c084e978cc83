"""Which kubectl fits a version of Kubernetes, and how it is installed.

The skew: https://kubernetes.io/releases/version-skew-policy/#kubectl, one minor version older or newer than the API
server. The lines are those of https://kubernetes.io/docs/tasks/tools/, with the check of the checksum.
"""

from app.clusters.schemas.kubectl import ClientArch, ClientOs, KubectlRead

_SKEW = 1


def kubectl_for(running: str, os: ClientOs, arch: ClientArch, *, mirror: str) -> KubectlRead:
    """The kubectl for a cluster that runs this patch version, published below `mirror`."""
    major, minor, _ = running.split(".")
    name = "kubectl.exe" if os is ClientOs.WINDOWS else "kubectl"
    url = f"{mirror.rstrip('/')}/release/v{running}/bin/{os}/{arch}/{name}"
    return KubectlRead(
        kubernetes_version=running,
        version=running,
        oldest=f"{major}.{int(minor) - _SKEW}",
        newest=f"{major}.{int(minor) + _SKEW}",
        os=os,
        arch=arch,
        url=url,
        checksum_url=f"{url}.sha256",
        shell="powershell" if os is ClientOs.WINDOWS else "bash",
        install=_lines(os, url),
    )


def _lines(os: ClientOs, url: str) -> list[str]:
    if os is ClientOs.WINDOWS:
        place = (
            "if ((Get-FileHash -Algorithm SHA256 kubectl.exe).Hash -eq (Get-Content kubectl.exe.sha256).Trim()) "
            '{ Move-Item -Force kubectl.exe "$Env:LOCALAPPDATA\\Microsoft\\WindowsApps\\kubectl.exe" } '
            'else { throw "kubectl.exe is not what was published" }'
        )
        return [f"curl.exe -fLO {url}; curl.exe -fLO {url}.sha256", place]
    check = "shasum -a 256 --check" if os is ClientOs.DARWIN else "sha256sum --check"
    return [
        f"curl -fLO {url} && curl -fLO {url}.sha256",
        f'echo "$(cat kubectl.sha256)  kubectl" | {check} && sudo install -m 0755 kubectl /usr/local/bin/kubectl',
    ]
