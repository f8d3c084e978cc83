"""What becomes of a cluster whose end has come."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # The code of the release before does not write it.
    with op.batch_alter_table("clusters") as clusters:
        clusters.add_column(sa.Column("on_expiry", sa.String(length=24), nullable=False, server_default="delete"))


def downgrade() -> None:
    with op.batch_alter_table("clusters") as clusters:
        clusters.drop_column("on_expiry")
