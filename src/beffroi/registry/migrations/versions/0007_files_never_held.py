"""Seventh schema: of each hold, the files that never will be held (torn on the disk, past their term)."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COUNTS = ("damaged", "past_term")


def upgrade() -> None:
    for name in _COUNTS:
        op.add_column("desk_holds", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    for name in _COUNTS:
        op.drop_column("desk_holds", name)
