"""Fourth schema: the requisition desk (cases, holds, papers, packages)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "desk_cases",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.String(64), nullable=False),
        sa.Column("handlers", _JSON, nullable=False),
        sa.Column("search_until_us", sa.BigInteger(), nullable=True),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("callback", sa.String(40), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("frame", sa.String(16), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_why", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_desk_cases"),
    )
    op.create_table(
        "desk_holds",
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(63), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=False),
        sa.Column("authority", sa.String(128), nullable=False),
        sa.Column("commune", sa.String(32), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("beyond_us", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("growing", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("lengthened", sa.Boolean(), nullable=False),
        sa.Column("placed_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["desk_cases.id"], name="fk_desk_holds_case"),
        sa.PrimaryKeyConstraint("case", "camera", "from_us", "to_us", name="pk_desk_holds"),
    )
    op.create_table(
        "desk_papers",
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("attached_us", sa.BigInteger(), nullable=False),
        sa.Column("attached_by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["desk_cases.id"], name="fk_desk_papers_case"),
        sa.PrimaryKeyConstraint("case", "document", name="pk_desk_papers"),
    )
    op.create_table(
        "desk_packages",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("asked", _JSON, nullable=False),
        sa.Column("prepared_us", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.String(64), nullable=False),
        sa.Column("second", sa.String(64), nullable=False),
        sa.Column("agreed_us", sa.BigInteger(), nullable=True),
        sa.Column("built_us", sa.BigInteger(), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("fetched_bytes", sa.BigInteger(), nullable=False),
        sa.Column("signed_on", sa.String(10), nullable=False),
        sa.Column("signed_by", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=True),
        sa.Column("destroyed_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["desk_cases.id"], name="fk_desk_packages_case"),
        sa.PrimaryKeyConstraint("id", name="pk_desk_packages"),
    )
    op.create_index("ix_desk_packages_case", "desk_packages", ["case"])


def downgrade() -> None:
    for table in ("desk_packages", "desk_papers", "desk_holds", "desk_cases"):
        op.drop_table(table)
