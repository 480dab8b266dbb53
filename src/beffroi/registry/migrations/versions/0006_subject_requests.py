"""Sixth schema: filmed persons' requests, their derived copies, their supervised viewings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "subject_requests",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("commune", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("wish", sa.String(16), nullable=False),
        sa.Column("received_on", sa.String(10), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("entered_by", sa.String(64), nullable=False),
        sa.Column("commune_said", sa.String(100), nullable=False),
        sa.Column("place", sa.String(500), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("hours", sa.String(11), nullable=False),
        sa.Column("recognise", sa.String(500), nullable=False),
        sa.Column("contact", sa.String(300), nullable=False),
        sa.Column("case", sa.String(64), nullable=False),
        sa.Column("registered_by", sa.String(64), nullable=False),
        sa.Column("registered_us", sa.BigInteger(), nullable=True),
        sa.Column("identity", sa.String(16), nullable=False),
        sa.Column("identity_on", sa.String(10), nullable=False),
        sa.Column("identity_by", sa.String(64), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("ground", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("answered_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("closed_why", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subject_requests"),
    )
    op.create_index("ix_subject_requests_commune", "subject_requests", ["commune"])
    op.create_table(
        "subject_viewings",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("session", sa.String(128), nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["subject_requests.id"], name="fk_subject_viewings_request"),
        sa.PrimaryKeyConstraint("id", name="pk_subject_viewings"),
    )
    op.create_index("ix_subject_viewings_request", "subject_viewings", ["request"])
    op.create_table(
        "subject_copies",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("camera", sa.String(63), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=False),
        sa.Column("prepared_by", sa.String(64), nullable=False),
        sa.Column("prepared_us", sa.BigInteger(), nullable=False),
        sa.Column("second", sa.String(64), nullable=False),
        sa.Column("agreed_us", sa.BigInteger(), nullable=True),
        sa.Column("masking", _JSON, nullable=False),
        sa.Column("built_us", sa.BigInteger(), nullable=True),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("checked_us", sa.BigInteger(), nullable=True),
        sa.Column("handed_us", sa.BigInteger(), nullable=True),
        sa.Column("destroyed_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["request"], ["subject_requests.id"], name="fk_subject_copies_request"),
        sa.PrimaryKeyConstraint("id", name="pk_subject_copies"),
    )
    op.create_index("ix_subject_copies_request", "subject_copies", ["request"])


def downgrade() -> None:
    for table in ("subject_copies", "subject_viewings", "subject_requests"):
        op.drop_table(table)
