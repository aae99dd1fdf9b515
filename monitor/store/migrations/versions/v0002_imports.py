"""How far each file is imported, and which file last spoke of a record."""

import sqlalchemy as sa
from alembic import op

import monitor.store.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("article_version", sa.Column("rank", sa.BigInteger(), nullable=True))
    op.create_table(
        "import_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("started", monitor.store.tables.UTCDateTime(timezone=True), nullable=False),
        sa.Column("finished", monitor.store.tables.UTCDateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "rules"),
    )
    op.create_table(
        "import_mark",
        sa.Column("pmid", sa.String(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pmid"),
    )


def downgrade() -> None:
    op.drop_table("import_mark")
    op.drop_table("import_file")
    with op.batch_alter_table("article_version", schema=None) as batch_op:
        batch_op.drop_column("rank")
