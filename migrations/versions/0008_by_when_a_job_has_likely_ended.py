"""By when a job has likely ended."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # The code of the release before does not write it.
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("likely_seconds", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("likely_seconds")
