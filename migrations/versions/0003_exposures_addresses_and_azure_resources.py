"""Exposures, public addresses, the Azure resources that were seen, and who watches which cluster."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db.types import PortableJson, UtcDateTime

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_ALIVE = sa.text("deleted_at IS NULL")
ALIVE: dict[str, Any] = {"sqlite_where": _ALIVE, "postgresql_where": _ALIVE}


def upgrade() -> None:
    op.create_table(
        "public_ips",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("azure_name", sa.String(length=80), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("resource_group", sa.String(length=90), nullable=False),
        sa.Column("location", sa.String(length=64), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_public_ips_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_ips")),
    )
    op.create_index("ix_public_ips_deleted_at", "public_ips", ["deleted_at"])
    op.create_index("ix_public_ips_project_id_created_at_id", "public_ips", ["project_id", "created_at", "id"])
    op.create_index("uq_public_ips_project_id_name", "public_ips", ["project_id", "name"], unique=True, **ALIVE)

    op.create_table(
        "azure_resources",
        sa.Column("key", sa.String(length=1000), nullable=False),
        sa.Column("azure_id", sa.String(length=1000), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("resource_group", sa.String(length=90), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=260), nullable=False),
        sa.Column("location", sa.String(length=64), nullable=False),
        sa.Column("cluster_id", sa.String(length=32), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("body", PortableJson, nullable=False),
        sa.Column("unused_since", UtcDateTime(), nullable=True),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("observed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_azure_resources_cluster_id_clusters")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_azure_resources")),
    )
    op.create_index("ix_azure_resources_address", "azure_resources", ["address"])
    op.create_index("ix_azure_resources_cluster_id_type", "azure_resources", ["cluster_id", "type"])
    op.create_index("ix_azure_resources_subscription_id_type", "azure_resources", ["subscription_id", "type"])

    op.create_table(
        "cluster_readers",
        sa.Column("cluster_id", sa.String(length=32), nullable=False),
        sa.Column("worker_id", sa.String(length=32), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("positions", PortableJson, nullable=False),
        sa.Column("nodes", PortableJson, nullable=True),
        sa.Column("problem", PortableJson, nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_cluster_readers_cluster_id_clusters")),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_cluster_readers")),
    )
    op.create_index("ix_cluster_readers_worker_id", "cluster_readers", ["worker_id"])

    op.create_table(
        "exposures",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.String(length=32), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=True),
        sa.Column("addresses", PortableJson, nullable=False),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("service_uid", sa.String(length=64), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_exposures_cluster_id_clusters")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_exposures_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposures")),
    )
    op.create_index("ix_exposures_cluster_id_created_at_id", "exposures", ["cluster_id", "created_at", "id"])
    op.create_index("ix_exposures_deleted_at", "exposures", ["deleted_at"])
    op.create_index(
        "uq_exposures_cluster_id_namespace_name", "exposures", ["cluster_id", "namespace", "name"], unique=True, **ALIVE
    )


def downgrade() -> None:
    for table in ("exposures", "cluster_readers", "azure_resources", "public_ips"):
        op.drop_table(table)
