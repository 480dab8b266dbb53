"""Alembic's door: always called by `beffroi.registry.migrate`, which hands over an open connection."""

from alembic import context

from beffroi.base.db import Base
from beffroi.identity import tables as _identity
from beffroi.registry import desktables as _desk
from beffroi.registry import onsitetables as _onsite
from beffroi.registry import subjecttables as _subject
from beffroi.registry import tables as _registry

__all__ = ["_desk", "_identity", "_onsite", "_registry", "_subject"]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
