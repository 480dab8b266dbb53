"""Second schema: controllers of cameras, files of documents, two confirmations, announced deadlines, shifts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("changes", sa.Column("about", sa.String(length=64), nullable=True))
    op.add_column("changes", sa.Column("detail", _JSON, nullable=True))
    op.add_column("cameras", sa.Column("controller", sa.String(length=32), nullable=True))
    with op.batch_alter_table("bodies") as batch:
        batch.alter_column("kind", existing_type=sa.String(length=16), type_=sa.String(length=32))

    op.create_table(
        "first_confirmations",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["revision"], ["changes.revision"], name=op.f("fk_first_confirmations_revision")),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_first_confirmations")),
        sa.UniqueConstraint("document", "version", name=op.f("uq_first_confirmations_document_version")),
    )
    op.create_table(
        "attachments",
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("read_signed_on", sa.Date(), nullable=True),
        sa.Column("read_until", sa.Date(), nullable=True),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["revision"], ["changes.revision"], name=op.f("fk_attachments_revision")),
        sa.PrimaryKeyConstraint("document", "version", "sha256", name=op.f("pk_attachments")),
    )
    op.create_table(
        "announcements",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("addressee", sa.String(length=64), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["revision"], ["changes.revision"], name=op.f("fk_announcements_revision")),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_announcements")),
        sa.UniqueConstraint(
            "document",
            "version",
            "reason",
            "stage",
            "addressee",
            name=op.f("uq_announcements_document_version_reason_stage_addressee"),
        ),
    )
    op.create_index(op.f("ix_announcements_addressee"), "announcements", ["addressee"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("communes", _JSON, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.String(length=64), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["revision"], ["changes.revision"], name=op.f("fk_shifts_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index(op.f("ix_shifts_person"), "shifts", ["person"], unique=False)
    op.create_index(op.f("ix_shifts_starts"), "shifts", ["starts"], unique=False)
    op.create_index(op.f("ix_shifts_ends"), "shifts", ["ends"], unique=False)


def downgrade() -> None:
    for table, columns in (("shifts", ("ends", "starts", "person")), ("announcements", ("addressee",))):
        for column in columns:
            op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
        op.drop_table(table)
    op.drop_table("attachments")
    op.drop_table("first_confirmations")
    with op.batch_alter_table("bodies") as batch:
        batch.alter_column("kind", existing_type=sa.String(length=32), type_=sa.String(length=16))
    # Not by batch: SQLite would make the table anew, and others refer to it.
    for table, column in (("cameras", "controller"), ("changes", "detail"), ("changes", "about")):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
