"""What AKS runs as its CSI drivers (kubernetes-sigs/azurefile-csi-driver, kubernetes-sigs/azuredisk-csi-driver).

Names, order and texts are those of these drivers, so that what reads them cannot tell the two apart.
"""

from app.emulator.providers.containerservice.csi.controller import CsiController
from app.emulator.providers.containerservice.csi.nodes import NodeDrivers

__all__ = ["CsiController", "NodeDrivers"]
