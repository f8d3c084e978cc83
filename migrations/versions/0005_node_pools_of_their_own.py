"""Node pools with a life of their own: a state, a version, a name in Azure that is not ours, and an end."""

import sqlalchemy as sa
from alembic import op

from app.db.types import UtcDateTime

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

_ALIVE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.drop_index("uq_node_pools_cluster_id_name", "node_pools")
    with op.batch_alter_table("node_pools") as pools:
        pools.alter_column("name", type_=sa.String(length=40), existing_type=sa.String(length=12))
        pools.add_column(sa.Column("azure_name", sa.String(length=12), nullable=True))
        pools.add_column(sa.Column("state", sa.String(length=24), nullable=True))
        pools.add_column(sa.Column("version", sa.Integer(), nullable=True))
        pools.add_column(sa.Column("updated_at", UtcDateTime(), nullable=True))
        pools.add_column(sa.Column("deleted_at", UtcDateTime(), nullable=True))
    # Until now a pool was named as Azure names it, and was what its cluster was.
    op.execute("UPDATE node_pools SET azure_name = name, state = 'ready', version = 1, updated_at = created_at")
    with op.batch_alter_table("node_pools") as pools:
        for column, kind in (
            ("azure_name", sa.String(length=12)),
            ("state", sa.String(length=24)),
            ("version", sa.Integer()),
            ("updated_at", UtcDateTime()),
        ):
            pools.alter_column(column, nullable=False, existing_type=kind)
    op.create_index(
        "uq_node_pools_cluster_id_name",
        "node_pools",
        ["cluster_id", "name"],
        unique=True,
        sqlite_where=_ALIVE,
        postgresql_where=_ALIVE,
    )
    op.create_index("ix_node_pools_cluster_id", "node_pools", ["cluster_id"])


def downgrade() -> None:
    op.drop_index("ix_node_pools_cluster_id", "node_pools")
    op.drop_index("uq_node_pools_cluster_id_name", "node_pools")
    # What is deleted, or has a name that was too long, had no place before.
    op.execute("DELETE FROM node_pools WHERE deleted_at IS NOT NULL OR length(name) > 12")
    with op.batch_alter_table("node_pools") as pools:
        for column in ("deleted_at", "updated_at", "version", "state", "azure_name"):
            pools.drop_column(column)
        pools.alter_column("name", type_=sa.String(length=12), existing_type=sa.String(length=40))
    op.create_index("uq_node_pools_cluster_id_name", "node_pools", ["cluster_id", "name"], unique=True)
