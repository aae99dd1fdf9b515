"""Runs of the jobs of the schedule."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import monitor.store.tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("run", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("started", monitor.store.tables.UTCDateTime(timezone=True), nullable=False),
        sa.Column("finished", monitor.store.tables.UTCDateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_job_run_job"), "job_run", ["job"])
    op.create_index(op.f("ix_job_run_started"), "job_run", ["started"])


def downgrade() -> None:
    op.drop_table("job_run")
