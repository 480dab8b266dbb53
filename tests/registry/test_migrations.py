"""A database of the first version goes to the present schema with everything it holds, and back, on both engines."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from tests.support.centre_db import postgres_centre
from tests.support.town import Book, manual_clock

from beffroi.base.db import Base, open_engine
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.facts import BodyKind
from beffroi.domain.ids import BodyId, CameraId, DocumentId
from beffroi.registry.migrate import upgrade
from beffroi.registry.store import Registry

# As version 0001 wrote them: a commune, a camera, a paper that lacks what later versions ask for.
OLD = """
INSERT INTO changes (revision, at, kind, subject, effective) VALUES
 (1, '2025-01-01 08:00:00', 'body_added', '99001', 1),
 (2, '2025-01-01 08:00:00', 'camera_proposed', 'place', 2),
 (3, '2025-01-01 08:00:00', 'document_proposed', 'state_agreement/e', 3),
 (4, '2025-01-01 08:00:00', 'document_confirmed', 'state_agreement/e', 4);
INSERT INTO bodies (id, revision, kind, name, departement, members) VALUES ('99001', 1, 'commune', 'Bourg', '99', '[]');
INSERT INTO cameras (id, revision, name, commune, origin, system, kind, entered_by, retired)
 VALUES ('place', 2, 'Place', '99001', 'v', 's', 'fixed', 'p-a', false);
INSERT INTO documents (id, version, revision, kind, number, signed_on, signatory, valid_from, scope, fields, awaiting,
 time_zone, entered_by) VALUES ('state_agreement/e', 1, 3, 'state_agreement', '1', '2024-01-01', 'préfet', '2024-01-01',
 '{"bodies": ["99001"]}', '{"prefet": "x"}', '99001', 'Europe/Paris', 'p-a');
INSERT INTO document_states (revision, document, version, status, at, confirmed_by)
 VALUES (4, 'state_agreement/e', 1, 'confirmed', '2025-01-01 08:00:00', 'p-m');
UPDATE registry_head SET revision = 4;
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of version 0001 that holds something."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path / 'beffroi.sqlite'}")
        fill(engine)
        yield engine
        engine.dispose()
    else:
        with postgres_centre(request.getfixturevalue("postgres_url"), "template1") as engine:
            fill(engine)
            yield engine


def fill(engine: Engine) -> None:
    upgrade(engine, "0001")
    with engine.begin() as connection:
        for statement in OLD.split(";\n"):
            if statement.strip():
                connection.execute(text(statement.strip().rstrip(";")))


def test_what_was_recorded_before_is_read_as_it_was(old: Engine) -> None:
    upgrade(old)
    facts = Registry(old, manual_clock(), register=Book()).facts()
    assert facts.bodies[BodyId("99001")].kind is BodyKind.COMMUNE
    assert facts.cameras[CameraId("place")].responsible == "99001"
    (agreement,) = facts.versions(DocumentId("state_agreement/e"))
    assert agreement.status is DocumentStatus.CONFIRMED
    assert agreement.fields == {"prefet": "x"}
    with old.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_way_back_loses_only_what_is_new(old: Engine) -> None:
    upgrade(old)
    with old.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(files("beffroi.registry") / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    upgrade(old)
    registry = Registry(old, manual_clock(), register=Book())
    assert len(registry.facts().documents) == 1
    assert len(registry.changes()) == 4
