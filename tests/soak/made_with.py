"""What clusters are made with, so that more can be asked of them than of a plain one (`plan.MADE_FOR`)."""

from collections.abc import Mapping
from typing import Any

SIZE = "Standard_D4s_v5"
CREW = "crew"
"""A pool beside the system pool, which machines are removed from."""

SECRETS = {"first": "canary-of-the-first-application", "second": "canary-of-the-second-application"}
"""Service principals' secrets, by the names that the settings give them."""
ADMIN_GROUPS = ("6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e51", "6f1c2d3e-4b5a-4c7d-8e9f-0a1b2c3d4e52")


def principal(name: str) -> dict[str, Any]:
    """An application, and where its secret lies."""
    client_id = f"0a1b2c3d-4b5a-4c7d-8e9f-00000000000{list(SECRETS).index(name)}"
    return {"client_id": client_id, "secret": {"setting": name}}


BODIES: Mapping[str, dict[str, Any]] = {
    "entra": {"access": {"entra": {"admin_group_ids": [ADMIN_GROUPS[0]]}}},
    "principal": {"identity": {"type": "ServicePrincipal", "service_principal": principal("first")}},
    "crew": {
        "node_count": None,
        "node_size": None,
        "node_pools": [
            {"name": "system", "mode": "System", "size": SIZE, "count": 1},
            {"name": CREW, "size": SIZE, "count": 3},
        ],
    },
}
"""Members of a create's body."""
