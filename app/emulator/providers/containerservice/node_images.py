"""Images of nodes: the latest of each system; Azure brings out another when `/_local/node-image` says so."""

import re

from app.emulator.core.acts import InvalidActError
from app.emulator.core.cloud import Cloud
from app.emulator.core.documents import Document
from app.emulator.providers.containerservice.pool_documents import IMAGES

OVERRIDE = "node_image"
_RELEASE = re.compile(r"^20(\d{2})(\d{2})\.(\d{2})\.\d+$")


def latest_image(cloud: Cloud, properties: Document) -> str:
    """The newest image for a pool of this system: `AKSUbuntu-2204gen2containerd-202601.07.0`."""
    image = IMAGES[properties["osSKU"]]
    release = cloud.overrides.get(OVERRIDE)
    if release is None:
        return image
    if properties["osType"] == "Windows":
        year, month, day = _RELEASE.match(release).groups()  # type: ignore[union-attr]  # checked when it was set
        return f"{image.rpartition('.')[0]}.{year}{month}{day}"
    return f"{image.rpartition('-')[0]}-{release}"


async def release_image(cloud: Cloud, document: Document) -> Document:
    """`{"release": "202602.04.0"}`: from now on the newest of every system; null for the usual ones."""
    release = document.get("release")
    if release is None:
        cloud.overrides.pop(OVERRIDE, None)
    elif isinstance(release, str) and _RELEASE.match(release):
        cloud.overrides[OVERRIDE] = release
    else:
        raise InvalidActError("'release' must be a release of node images: 202602.04.0")
    cloud.changes += 1
    return {"release": release}
