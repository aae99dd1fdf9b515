"""The group of a bearing as a column, and the sums of each claim: for quick updates."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bearing", sa.Column("group_name", sa.Text(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE bearing SET group_name = coalesce(data::json ->> 'group', '')")
    else:
        op.execute("UPDATE bearing SET group_name = coalesce(json_extract(data, '$.group'), '')")
    op.create_index("ix_bearing_group", "bearing", ["claim", "group_name"])
    # Empty at first: the ledger adds up a claim anew when a paper moves it, and notes the sums.
    op.add_column("claim", sa.Column("tally", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("claim", schema=None) as batch_op:
        batch_op.drop_column("tally")
    op.drop_index("ix_bearing_group", table_name="bearing")
    with op.batch_alter_table("bearing", schema=None) as batch_op:
        batch_op.drop_column("group_name")
