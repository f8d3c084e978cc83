"""`Microsoft.Compute` of one subscription: a file for each type of resource."""

from azure.mgmt.compute.aio import ComputeManagementClient

from app.azure.compute.availability_sets import AvailabilitySets
from app.azure.compute.cores import Cores
from app.azure.compute.disks import Disks
from app.azure.compute.machines import Machines
from app.azure.compute.scale_sets import ScaleSets

__all__ = ["Compute"]


class Compute:
    """What a subscription has of machines. Every `list_` takes the keyword `group` for one resource group's."""

    def __init__(self, client: ComputeManagementClient) -> None:
        self.scale_sets = ScaleSets(client)
        self.machines = Machines(client)
        self.availability_sets = AvailabilitySets(client)
        self.disks = Disks(client)
        self.cores = Cores(client)
