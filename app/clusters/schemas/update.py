"""Changes of clusters on the wire."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from app.api.schemas import ResponseModel
from app.clusters.schemas.clusters import ClusterRead, PublicKey, WindowsPassword
from app.clusters.schemas.ending import Ending
from app.clusters.schemas.settings import ClusterSettings
from app.clusters.schemas.upgrades import UpgradeVersion
from app.jobs.schemas import JobRead, RunOptions
from app.subscriptions.schemas import TagKey, TagValue


class ClusterUpdate(Ending, ClusterSettings):
    """A JSON merge patch (RFC 7396): what is not named stays, and null gives a setting back to AKS.

    An object that has members it cannot do without is given with these.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"tags": {"team": "payments", "purpose": None}, "upgrades": {"channel": "patch"}}]
        }
    )

    fixed: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("name", "location", "resource_group"), "Azure cannot change it of a cluster that is there: make a new one."
        ),
        **dict.fromkeys(
            ("node_pools", "node_count", "node_size"),
            "Node pools are changed by themselves: POST, PATCH and DELETE under /v1/clusters/{id}/node-pools.",
        ),
        "ssh_username": "It is given when the cluster is made: make a new one.",
        "generate_ssh_key": "A pair is made with the cluster only: make one yourself, and give `ssh_public_key`.",
        "fallbacks": "They are for the cluster's creation only.",
    }

    kubernetes_version: UpgradeVersion | None = None
    """Exact, a minor, or `latest`, of those offered for this cluster: it goes after all other changes, pools last."""
    ssh_public_key: PublicKey | None = None
    """Another key for the nodes' user, never null. A node has it when its image is next upgraded; a new node has it."""
    windows_password: WindowsPassword | None = None
    """Another one of the Windows nodes' administrator: kept encrypted until Azure has it, then erased. null: one is
    made for Azure and kept nowhere. Each is a change, whatever Azure had; AKS upgrades the Windows pools with it."""
    tags: Annotated[dict[TagKey, TagValue | None], Field(max_length=40)] | None = None
    options: RunOptions = RunOptions()


class ClusterUpdated(ResponseModel):
    """The job that changes the cluster, null where none is needed; the cluster; and what is different."""

    job: JobRead | None
    resource: ClusterRead
    changes: list[dict[str, Any]]
    """What the patch changes of what was asked before, as a JSON Patch (RFC 6902); the value of a secret is null."""
