"""Protection, an end that is set, conditions, previews, sealed secrets, and jobs that somebody else began."""

import sqlalchemy as sa
from alembic import op

from app.db.types import PortableJson, UtcDateTime

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # The code of the release before writes none of those that must not be null.
    with op.batch_alter_table("clusters") as clusters:
        clusters.add_column(sa.Column("conditions", PortableJson, nullable=True))
        clusters.add_column(sa.Column("protected", sa.Boolean(), nullable=False, server_default=sa.false()))
        clusters.add_column(sa.Column("expires_at", UtcDateTime(), nullable=True))
        clusters.add_column(sa.Column("expiry_notices", sa.Integer(), nullable=False, server_default="0"))
        clusters.add_column(sa.Column("stopped_at", UtcDateTime(), nullable=True))
    op.create_index("ix_clusters_expires_at", "clusters", ["expires_at"])
    op.add_column("cluster_readers", sa.Column("certificates_end_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("node_pools") as pools:
        pools.add_column(sa.Column("replaces", sa.String(length=32), nullable=True))
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("origin", sa.String(length=24), nullable=False, server_default="slipway"))
        jobs.add_column(sa.Column("after", sa.String(length=32), nullable=True))

    op.create_table(
        "plans",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("target_id", sa.String(length=160), nullable=False),
        sa.Column("act", sa.String(length=48), nullable=False),
        sa.Column("request", PortableJson, nullable=False),
        sa.Column("world", PortableJson, nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_plans_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index("ix_plans_target_id", "plans", ["target_id"])
    op.create_index("ix_plans_expires_at", "plans", ["expires_at"])

    op.create_table(
        "bad_offers",
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("offer", sa.String(length=200), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "offer", name=op.f("pk_bad_offers")),
    )
    op.create_index("ix_bad_offers_expires_at", "bad_offers", ["expires_at"])

    op.create_table(
        "sealed_secrets",
        sa.Column("cluster_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=48), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_id"], ["clusters.id"], name=op.f("fk_sealed_secrets_cluster_id_clusters")),
        sa.PrimaryKeyConstraint("cluster_id", "purpose", name=op.f("pk_sealed_secrets")),
    )


def downgrade() -> None:
    op.drop_table("sealed_secrets")
    op.drop_index("ix_bad_offers_expires_at", "bad_offers")
    op.drop_table("bad_offers")
    op.drop_index("ix_plans_expires_at", "plans")
    op.drop_index("ix_plans_target_id", "plans")
    op.drop_table("plans")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("after")
        jobs.drop_column("origin")
    with op.batch_alter_table("cluster_readers") as readers:
        readers.drop_column("certificates_end_at")
    with op.batch_alter_table("node_pools") as pools:
        pools.drop_column("replaces")
    op.drop_index("ix_clusters_expires_at", "clusters")
    with op.batch_alter_table("clusters") as clusters:
        for column in ("stopped_at", "expiry_notices", "expires_at", "protected", "conditions"):
            clusters.drop_column(column)
