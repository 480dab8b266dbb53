"""Fifth schema: viewing on site with the investigator (joint sessions, views, marks)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_onsite",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("session", sa.String(16), nullable=False),
        sa.Column("post", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("investigator", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("end_entry", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("package", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["desk_cases.id"], name="fk_desk_onsite_case"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_onsite"),
    )
    op.create_index("ix_desk_onsite_case", "desk_onsite", ["case"])
    op.create_table(
        "desk_onsite_views",
        sa.Column("entry", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("onsite", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(63), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["onsite"], ["desk_onsite.id"], name="fk_desk_onsite_views_onsite"),
        sa.PrimaryKeyConstraint("entry", name="pk_desk_onsite_views"),
    )
    op.create_index("ix_desk_onsite_views_onsite", "desk_onsite_views", ["onsite"])
    op.create_table(
        "desk_onsite_marks",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("onsite", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(63), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=False),
        sa.Column("marked_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["onsite"], ["desk_onsite.id"], name="fk_desk_onsite_marks_onsite"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_onsite_marks"),
    )
    op.create_index("ix_desk_onsite_marks_onsite", "desk_onsite_marks", ["onsite"])


def downgrade() -> None:
    for table in ("desk_onsite_marks", "desk_onsite_views", "desk_onsite"):
        op.drop_table(table)
