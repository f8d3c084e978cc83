"""The kubectl that fits a cluster, on the wire."""

from enum import StrEnum

from pydantic import Field

from app.api.schemas import ResponseModel


class ClientOs(StrEnum):
    """Where kubectl shall run; in Kubernetes' own words."""

    LINUX = "linux"
    DARWIN = "darwin"
    WINDOWS = "windows"


class ClientArch(StrEnum):
    """On which processor."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class KubectlRead(ResponseModel):
    """A kubectl, where it is published, and how it is installed."""

    kubernetes_version: str = Field(description="What the cluster runs.", examples=["1.33.5"])
    version: str = Field(description="The kubectl of the same version.", examples=["1.33.5"])
    oldest: str = Field(description="The oldest minor version of kubectl that fits too.", examples=["1.32"])
    newest: str = Field(description="The newest minor version of kubectl that fits too.", examples=["1.34"])
    os: str
    arch: str
    url: str
    checksum_url: str = Field(description="Its SHA-256, in hexadecimal.")
    shell: str = Field(description="Whose lines `install` has: bash or powershell.")
    install: list[str] = Field(description="Two lines: one fetches it, one checks it and puts it into its place.")
