"""Third schema: the rate that each stream is set to, and the priority of each camera, for the disk."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("camera_streams", sa.Column("kbit_s", sa.Integer(), server_default="0", nullable=False))
    op.add_column("camera_streams", sa.Column("priority", sa.Integer(), server_default="100", nullable=False))


def downgrade() -> None:
    # Not by batch: SQLite would make the table anew.
    for column in ("priority", "kbit_s"):
        op.execute(f"ALTER TABLE camera_streams DROP COLUMN {column}")
