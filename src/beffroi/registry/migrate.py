"""Bring a database to the present schema: one history (Alembic) for all tables of the centre."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply the missing migrations, in one transaction on both databases; nothing to do is not an error."""
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(files("beffroi.registry") / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
