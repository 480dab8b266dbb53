"""Random worlds: bodies of every form, people of every quality, cameras of every origin.

    draw = random.Random(7)
    made = world(draw, at)      # mostly in order; see `worldgen_defects` for what goes wrong

Nothing is read from `beffroi.law`. The same seed gives the same world.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Final

from tests.law.worldgen_papers import Desk, papers
from tests.law.worldgen_shape import PLACER, Shape, shape

from beffroi.domain.acts import Form, Origin
from beffroi.domain.facts import Body, BodyKind, Camera, CameraKind, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.text import Text

PERSONS: Final[tuple[tuple[str, str, str, str], ...]] = (
    # name, quality, employer, commune
    ("mayorX", "mayor", "X", "X"),
    ("mayorY", "mayor", "Y", "Y"),
    ("delegatedX", "elected_delegated", "X", "X"),
    ("electedX", "elected", "X", "X"),
    ("dgsX", "dgs", "X", "X"),
    ("pmX", "municipal_police", "X", "X"),
    ("pmY", "municipal_police", "Y", "Y"),
    ("pmZ", "municipal_police", "Z", "Z"),
    ("pmE", "municipal_police", "E", ""),
    ("pmU", "municipal_police", "U", ""),
    ("pmS", "municipal_police", "S", ""),
    ("agentX", "agreed_agent", "X", "X"),
    ("agentY", "agreed_agent", "Y", "Y"),
    ("agentE", "epci_agent", "E", ""),
    ("agentS", "syndicat_agent", "S", ""),
    ("lentE", "epci_agent", "E", ""),
    ("lentX", "agreed_agent", "X", "X"),
    ("carrier", "carrier_agent", "K", ""),
    ("presidentE", "pooling_president", "E", ""),
    ("presidentD", "departement_president", "D", ""),
    ("presidentD2", "departement_president", "D2", ""),
    ("agentD", "departement_agent", "D", ""),
    ("agentD2", "departement_agent", "D2", ""),
    ("police", "police_gendarmerie", "P", ""),
    ("gendarme", "police_gendarmerie", "G", ""),
    ("gendarme98", "police_gendarmerie", "G98", ""),
    ("customs", "police_gendarmerie", "C", ""),
    ("fire", "police_gendarmerie", "F", ""),
    ("investigator", "investigator", "P", ""),
    ("command", "command_authority", "state", ""),
    ("admin", "administrative_authority", "state", ""),
    ("private", "private_operator", "guards", ""),
    ("hospital", "controller_agent", "hosp", ""),
    ("merchant", "merchant", "shop", ""),
    ("technician", "technician", "guards", ""),
    ("dpo", "dpo", "E", ""),
    ("inspector", "inspector", "state", ""),
    ("subject", "data_subject", "nobody", ""),
    ("press", "press_other", "nobody", ""),
)

CAMERAS: Final[tuple[tuple[str, str, str, str], ...]] = (
    # name, commune, origin, controller
    ("cv", "X", "v", ""),
    ("cvy", "Y", "v", ""),
    ("cvz", "Z", "v", ""),
    ("cd", "X", "d", ""),
    ("cdd", "X", "d", "D"),
    ("ce", "X", "e", ""),
    ("ceh", "X", "e", "hosp"),
    ("cee", "X", "e", "E"),
    ("ced", "X", "e", "D"),
    ("ch", "X", "h", ""),
    ("cm", "X", "m", "shop"),
    ("ct", "X", "t", "hosp"),
    ("cn", "X", "n", "hosp"),
    ("cnx", "X", "n", ""),
    ("cne", "X", "n", "E"),
    ("cnd", "X", "n", "D"),
)


def bodies(made: Shape) -> list[Body]:
    """Everyone who employs, pools or answers for a camera."""
    kind = BodyKind
    members = ({"E", "Z"} if made.through_epci else {"X", "Y"}) | set(made.departments_in)
    return [
        _body("X", kind.COMMUNE),
        _body("Y", kind.COMMUNE, made.departement_of_y),
        _body("Z", kind.COMMUNE),
        _body("E", kind.EPCI, form=made.epci_form, members={"X", "Y"}),
        _body("S", kind.SYNDICAT, form=made.syndicat_form, members=members),
        _body("U", kind.COMMUNES_SYNDICAT, form=Form.A, members={"X", "Y"}),
        _body("K", kind.CARRIER, form=Form.G, members={"X", "Y", "Z"}),
        _body("D", kind.DEPARTEMENT),
        _body("D2", kind.DEPARTEMENT, "98"),
        _body("P", kind.NATIONAL_POLICE),
        _body("G", kind.GENDARMERIE),
        _body("G98", kind.GENDARMERIE, "98"),
        _body("C", kind.CUSTOMS),
        _body("F", kind.FIRE_SERVICE),
        _body("state", kind.STATE),
        _body("guards", kind.COMPANY, ""),
        _body("shop", kind.COMPANY, ""),
        _body("hosp", kind.OTHER),
        _body("nobody", kind.OTHER, ""),
    ]


def _body(
    name: str, kind: BodyKind, departement: str = "99", form: Form | None = None, members: set[str] | None = None
) -> Body:
    return Body(BodyId(name), kind, name, departement, form, frozenset(map(BodyId, members or ())))


def people() -> list[Person]:
    """One account or more for each quality."""
    return [
        Person(PersonId(name), Text(fr=name, en=name), PersonStatus(status), BodyId(employer), BodyId(commune) or None)
        for name, status, employer, commune in PERSONS
    ]


def cameras(unplaced: Callable[[], bool]) -> list[Camera]:
    """Cameras of every origin and controller; a place still to be confirmed now and then."""
    return [
        Camera(
            CameraId(name),
            name,
            BodyId(commune),
            Origin(origin),
            f"s{commune}" if origin in "vd" else f"s-{name}",
            CameraKind.DOME,
            None if unplaced() else PLACER,
            controller=BodyId(controller) or None,
        )
        for name, commune, origin, controller in CAMERAS
    ]


def world(draw: Random, at: datetime) -> Facts:
    """A world whose papers are in order around this instant."""
    return _world(shape(draw), cameras(lambda: draw.random() < 0.02), Desk(draw, at))


def small_world(made: Shape, at: datetime) -> Facts:
    """A world of this shape where everything is in order, nothing left to chance."""
    return _world(made, cameras(lambda: False), Desk(Random(0), at, whole=True))  # noqa: S311  nothing is drawn


def _world(made: Shape, placed: list[Camera], desk: Desk) -> Facts:
    pooling = bodies(made)
    documents = papers(desk, made, pooling, placed)
    return Facts.of(revision=1, persons=people(), bodies=pooling, cameras=placed, documents=documents)


def light(facts: Facts) -> Facts:
    """These facts, spared the computing of their digest (most of the cost of a new world): no verdict depends on it."""
    vars(facts)["_digest"] = "0" * 64
    return facts
