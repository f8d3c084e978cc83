"""Writes docs/cluster-fields.md from `CLUSTER_FIELDS`, or with --check says that it is stale."""

from pathlib import Path
from typing import Final

from app.azure.types.cluster_defaults import DEFAULTS, ONE_WAY
from app.azure.types.cluster_fields import CLUSTER_FIELDS, ClusterField, Form
from app.azure.types.cluster_properties import FIXED, LATER
from app.azure.types.maintenance import WINDOWS
from scripts.generated import write_or_compare

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "cluster-fields.md"
HEAD: Final = """# The fields of a cluster

Generated from `app/azure/types/cluster_fields.py` by `make docs`; do not edit. [Clusters](clusters.md) says how they
are given and changed; the [OpenAPI description](../openapi/openapi.json) has their types and bounds.

A field that is `fixed` is refused by a PATCH as `immutable`. `kept`: another value is taken, but it is never off again.
The default is what `null` goes back to; without one, a PATCH gives the value that it shall have.

| field | in Azure | change | default |
|---|---|---|---|
"""
APART: Final = (
    ("kubernetes_version", "properties/kubernetesVersion", "upwards", ""),
    ("tags", "tags", "yes", "none"),
    ("ssh_public_key", "properties/linuxProfile/ssh/publicKeys", "yes", ""),
    ("ssh_username", "properties/linuxProfile/adminUsername", "fixed", ""),
    ("windows_password", "properties/windowsProfile/adminPassword", "yes", ""),
    ("identity.type", "identity/type", "yes, but to ServicePrincipal", "`SystemAssigned`"),
    ("identity.user_assigned_id", "identity/userAssignedIdentities", "yes", ""),
    ("identity.kubelet_id", "properties/identityProfile/kubeletidentity/resourceId", "yes", ""),
    ("identity.service_principal", "properties/servicePrincipalProfile", "`:reset-service-principal`", ""),
    ("network.subnet_id", "properties/agentPoolProfiles/vnetSubnetID", "fixed", ""),
    ("network.outbound", "properties/networkProfile/loadBalancerProfile", "`PATCH /v1/clusters/{id}/outbound`", ""),
)
"""What is written in a way of its own, and stands in no row of the table."""


def row(*cells: str) -> str:
    """A row of the table: our field, Azure's name, whether it changes, what null is."""
    ours, azure, *rest = cells
    return "| " + " | ".join([f"`{ours}`", f"`{azure}`", *rest]) + " |\n"


def change_of(field: ClusterField) -> str:
    """Whether Azure can change it of a cluster that is there."""
    return "fixed" if field.fixed else "kept" if field.ours in ONE_WAY else "yes"


def default_of(field: ClusterField) -> str:
    """What Azure has when it is null again."""
    if field.fixed or field.ours in ONE_WAY:
        return ""
    if field.form is Form.PRESENT:
        return "off"
    if field.ours not in DEFAULTS:
        return ""
    value = DEFAULTS[field.ours]
    return "none" if value == [] else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def reference() -> str:
    """Return the whole page as Markdown."""
    rows = [row(each.ours, each.azure, change_of(each), default_of(each)) for each in CLUSTER_FIELDS]
    rows += [row(ours, f"maintenanceConfigurations/{name}", "yes", "none") for ours, name in WINDOWS.items()]
    rows += [row(*each) for each in APART]
    fixed = ", ".join(f"`{'/'.join(path)}`" for path in FIXED if path not in LATER)
    later = ", ".join(f"`{'/'.join(path)}`" for path in FIXED if path in LATER)
    return f"""{HEAD}{"".join(sorted(rows))}
Of `azure_properties`, given at the creation only: {fixed}.
May be given later, and is then fixed: {later}.
"""


if __name__ == "__main__":
    raise SystemExit(write_or_compare(TARGET, reference(), description=__doc__))
