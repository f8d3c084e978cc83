"""Names that the files of this provider share."""

NAMESPACE = "Microsoft.Compute"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
MACHINE = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines"
DISK = "Microsoft.Compute/disks"
API_VERSIONS = ("2025-04-01", "2024-11-01", "2024-07-01")
