"""docs/cluster-fields.md: fresh, and with every field that a cluster is set by."""

import re

from app.clusters.schemas.settings import ClusterSettings
from scripts.cluster_fields import TARGET, reference
from scripts.pool_fields import fields

_GROUPED = ("identity.service_principal.", "upgrades.cluster_window.", "upgrades.node_image_window.")
"""Whose members go to Azure as one."""


def test_the_committed_page_is_fresh() -> None:
    assert TARGET.read_text("utf-8") == reference(), "run `make docs`"


def test_every_field_of_the_schema_is_in_the_table() -> None:
    named = re.findall(r"^\| `([^`]+)`", reference(), re.MULTILINE)
    assert len(named) == len(set(named))
    asked = [name for name in fields(ClusterSettings) if not name.startswith(_GROUPED)]
    # A group that is no more than its members has no row.
    groups = {name for name in asked if any(other.startswith(f"{name}.") for other in asked)}
    assert set(asked) - groups - set(named) == {"azure_properties"}
