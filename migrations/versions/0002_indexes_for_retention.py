"""Indexes by which rows are found whose time is over."""

from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

COLUMNS = {
    "clusters": "deleted_at",
    "credentials": "issued_at",
    "events": "at",
    "jobs": "finished_at",
    "resource_groups": "deleted_at",
}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in COLUMNS.items():
        op.drop_index(f"ix_{table}_{column}", table)
