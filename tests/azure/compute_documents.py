"""Full documents of machines, disks and identities, as Azure answers them: each field that Slipway reads is set."""

from typing import Any

from tests.azure.arm_double import SUBSCRIPTION

COMPUTE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/MC_g/providers/Microsoft.Compute"
SCALE_SET: dict[str, Any] = {
    "id": f"{COMPUTE}/virtualMachineScaleSets/aks-system-vmss",
    "name": "aks-system-vmss",
    "location": "westeurope",
    "sku": {"name": "Standard_D4s_v5", "capacity": 3},
    "zones": ["1"],
    "identity": {"userAssignedIdentities": {"/id": {"clientId": "x"}}},
    "properties": {
        "virtualMachineProfile": {
            "storageProfile": {"osDisk": {"osType": "Linux"}},
            "networkProfile": {
                "networkInterfaceConfigurations": [
                    {
                        "name": "n",
                        "properties": {
                            "networkSecurityGroup": {"id": "/n"},
                            "ipConfigurations": [
                                {
                                    "name": "ipconfig1",
                                    "properties": {
                                        "subnet": {"id": "/s"},
                                        "loadBalancerBackendAddressPools": [{"id": "/b"}],
                                    },
                                }
                            ],
                        },
                    }
                ]
            },
        }
    },
}
MACHINE: dict[str, Any] = {
    "id": f"{COMPUTE}/virtualMachines/m",
    "name": "m",
    "location": "westeurope",
    "zones": ["1"],
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D4s_v5"},
        "osProfile": {"computerName": "aks-system-0"},
        "availabilitySet": {"id": "/v"},
        "instanceView": {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]},
        "networkProfile": {"networkInterfaces": [{"id": "/n"}]},
        "storageProfile": {
            "osDisk": {"managedDisk": {"id": "/d"}},
            "dataDisks": [{"managedDisk": {"id": "/e"}}],
        },
    },
}
AVAILABILITY_SET: dict[str, Any] = {
    "id": f"{COMPUTE}/availabilitySets/v",
    "name": "v",
    "location": "westeurope",
    "properties": {"virtualMachines": [{"id": "/m"}]},
}
DISK: dict[str, Any] = {
    "id": f"{COMPUTE}/disks/d",
    "name": "d",
    "location": "westeurope",
    "managedBy": "/m",
    "sku": {"name": "Premium_LRS"},
    "zones": ["1"],
    "properties": {"diskSizeGB": 128, "diskState": "Attached"},
}
IDENTITY: dict[str, Any] = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
    "name": "i",
    "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "location": "westeurope",
}
