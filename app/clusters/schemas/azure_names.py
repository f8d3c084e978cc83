"""Forms of names and addresses that several settings take."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.core.text import PLAIN

_IN_GROUP = r"^/subscriptions/[0-9a-fA-F-]{36}/resource[gG]roups/[A-Za-z0-9_().-]{1,90}/providers/"
_SOME_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/net/providers"

Cidr = Annotated[
    str,
    StringConstraints(min_length=3, max_length=64, pattern=r"^[0-9a-fA-F:.]+/[0-9]{1,3}$"),
    PLAIN,
    Field(examples=["10.0.0.0/16"]),
]
Address = Annotated[
    str,
    StringConstraints(min_length=2, max_length=64, pattern=r"^[0-9a-fA-F:.]+$"),
    PLAIN,
    Field(examples=["10.0.0.10"]),
]
Guid = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", max_length=36),
    PLAIN,
    Field(examples=["00000000-0000-0000-0000-00000000000a"]),
]
ResourceId = Annotated[
    str,
    StringConstraints(
        max_length=500,
        pattern=_IN_GROUP + r"[A-Za-z.]{3,64}(/[A-Za-z]{1,64}/[A-Za-z0-9_.-]{1,128}){1,3}$",
    ),
    PLAIN,
    Field(examples=[f"{_SOME_GROUP}/Microsoft.Network/virtualNetworks/main"]),
]
KeyVaultId = Annotated[
    str,
    StringConstraints(
        max_length=300,
        pattern=r"^https://[a-z0-9-]{3,24}\.[a-z0-9.-]{3,60}/(keys|secrets)/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?$",
    ),
    PLAIN,
    Field(examples=["https://shop.vault.azure.net/keys/etcd"]),
]
VaultSecretId = Annotated[
    str,
    StringConstraints(
        max_length=300,
        pattern=r"^https://[a-z0-9-]{3,24}\.[a-z0-9.-]{3,60}/secrets/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?$",
    ),
    PLAIN,
    Field(examples=["https://shop.vault.azure.net/secrets/principal"]),
]
SubnetId = Annotated[
    str,
    StringConstraints(
        max_length=400,
        pattern=_IN_GROUP + r"Microsoft\.Network/virtualNetworks/[A-Za-z0-9_.-]{1,64}/subnets/[A-Za-z0-9_.-]{1,80}$",
    ),
    PLAIN,
    Field(examples=[f"{_SOME_GROUP}/Microsoft.Network/virtualNetworks/main/subnets/nodes"]),
]
PrefixId = Annotated[
    str,
    StringConstraints(
        max_length=400,
        pattern=_IN_GROUP + r"Microsoft\.Network/publicIPPrefixes/[A-Za-z0-9_.-]{1,80}$",
    ),
    PLAIN,
    Field(examples=[f"{_SOME_GROUP}/Microsoft.Network/publicIPPrefixes/nodes"]),
]
SnapshotId = Annotated[
    str,
    StringConstraints(
        max_length=400,
        pattern=_IN_GROUP + r"Microsoft\.ContainerService/snapshots/[A-Za-z0-9_.-]{1,80}$",
    ),
    PLAIN,
    Field(examples=[f"{_SOME_GROUP}/Microsoft.ContainerService/snapshots/nodes"]),
]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Minutes = Annotated[int, Field(ge=1, le=1440)]
