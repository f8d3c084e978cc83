"""Storage accounts, shares, volumes, workspaces and the monitoring of clusters."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db.types import PortableJson, UtcDateTime

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

_ALIVE = sa.text("deleted_at IS NULL")
ALIVE: dict[str, Any] = {"sqlite_where": _ALIVE, "postgresql_where": _ALIVE}


def upgrade() -> None:
    op.create_table(
        "storage_accounts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("resource_group", sa.String(length=90), nullable=False),
        sa.Column("location", sa.String(length=64), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=False),
        sa.Column("active_key", sa.String(length=8), nullable=False),
        sa.Column("rotation", PortableJson, nullable=True),
        sa.Column("key_check", PortableJson, nullable=True),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_storage_accounts_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_accounts")),
    )
    op.create_index("ix_storage_accounts_deleted_at", "storage_accounts", ["deleted_at"])
    op.create_index(
        "ix_storage_accounts_project_id_created_at_id", "storage_accounts", ["project_id", "created_at", "id"]
    )
    op.create_index("uq_storage_accounts_name", "storage_accounts", ["name"], unique=True, **ALIVE)

    op.create_table(
        "shares",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("cluster_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("azure_name", sa.String(length=63), nullable=False),
        sa.Column("protocol", sa.String(length=8), nullable=False),
        sa.Column("quota_gib", sa.Integer(), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=False),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("restorable_until", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_shares_project_id_projects")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["storage_accounts.id"], name=op.f("fk_shares_account_id_storage_accounts")
        ),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_shares_cluster_id_clusters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
    )
    op.create_index("ix_shares_account_id", "shares", ["account_id"])
    op.create_index("ix_shares_cluster_id", "shares", ["cluster_id"])
    op.create_index("ix_shares_deleted_at", "shares", ["deleted_at"])
    op.create_index("ix_shares_project_id_created_at_id", "shares", ["project_id", "created_at", "id"])
    op.create_index("uq_shares_project_id_name", "shares", ["project_id", "name"], unique=True, **ALIVE)

    op.create_table(
        "volumes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.String(length=32), nullable=False),
        sa.Column("share_id", sa.String(length=32), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("persistent_volume", sa.String(length=253), nullable=False),
        sa.Column("secret", sa.String(length=253), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=False),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_volumes_project_id_projects")),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_volumes_cluster_id_clusters")),
        sa.ForeignKeyConstraint(["share_id"], ["shares.id"], name=op.f("fk_volumes_share_id_shares")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volumes")),
    )
    op.create_index("ix_volumes_cluster_id_created_at_id", "volumes", ["cluster_id", "created_at", "id"])
    op.create_index("ix_volumes_deleted_at", "volumes", ["deleted_at"])
    op.create_index("ix_volumes_share_id", "volumes", ["share_id"])
    op.create_index(
        "uq_volumes_cluster_id_namespace_name", "volumes", ["cluster_id", "namespace", "name"], unique=True, **ALIVE
    )

    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("resource_group", sa.String(length=90), nullable=False),
        sa.Column("location", sa.String(length=64), nullable=False),
        sa.Column("azure_key", sa.String(length=400), nullable=False),
        sa.Column("managed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=False),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_workspaces_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )
    op.create_index("ix_workspaces_deleted_at", "workspaces", ["deleted_at"])
    op.create_index(
        "uq_workspaces_project_id_azure_key", "workspaces", ["project_id", "azure_key"], unique=True, **ALIVE
    )

    op.create_table(
        "monitoring",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.String(length=32), nullable=False),
        sa.Column("workspace_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("wanted", PortableJson, nullable=False),
        sa.Column("observed", PortableJson, nullable=True),
        sa.Column("observed_at", UtcDateTime(), nullable=True),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_monitoring_project_id_projects")),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_monitoring_cluster_id_clusters")),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_monitoring_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring")),
    )
    op.create_index("ix_monitoring_cluster_id", "monitoring", ["cluster_id"])
    op.create_index("ix_monitoring_deleted_at", "monitoring", ["deleted_at"])
    op.create_index("ix_monitoring_workspace_id", "monitoring", ["workspace_id"])
    op.create_index("uq_monitoring_cluster_id", "monitoring", ["cluster_id"], unique=True, **ALIVE)
    for column in ("storage", "agents"):
        op.add_column("cluster_readers", sa.Column(column, PortableJson, nullable=True))
    op.add_column("projects", sa.Column("repair_keys", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("projects", "repair_keys")
    for column in ("storage", "agents"):
        op.drop_column("cluster_readers", column)
    for table in ("monitoring", "workspaces", "volumes", "shares", "storage_accounts"):
        op.drop_table(table)
