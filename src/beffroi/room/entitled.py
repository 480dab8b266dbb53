"""Whether a person could watch some communes throughout a stretch of time: asked of the law, at every instant at which
its answer may change, days ahead if need be."""

from collections.abc import Iterable, Sequence

from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.asking import Asking
from beffroi.law.tonight.matrix import Course, Matrix, Standing, draw, why_closed
from beffroi.law.tonight.moments import Span
from beffroi.room.shift import Obstacle


def obstacles(law: LawEngine, facts: Facts, person: PersonId, communes: Sequence[BodyId], span: Span) -> list[Obstacle]:
    """What stands in the way, commune by commune, worst first: closed communes, then communes closed in part.

    Raises:
        BadInputError: a commune has no camera.
    """
    matrix = draw(law, facts, span, persons=[person], communes=communes, acts=(Act.LIVE,))
    for commune in communes:
        if commune not in matrix.communes:
            raise BadInputError(
                Text(
                    fr=f"Aucune caméra n'est enregistrée à « {commune} » : vérifiez la commune.",
                    en=f"No camera is recorded at “{commune}”: check the commune.",
                )
            )
    found = [one for commune in communes if (one := _obstacle(law, matrix, person, commune)) is not None]
    return sorted(found, key=lambda one: (not one.blocks, one.at, one.commune))


def entitled(
    law: LawEngine, facts: Facts, persons: Iterable[PersonId], shift_of: Sequence[BodyId], span: Span
) -> dict[PersonId, bool]:
    """Who of these persons could watch all the communes throughout; True: every camera of them, False: some cameras of
    each. Those who could not are absent."""
    matrix = draw(law, facts, span, persons=persons, communes=shift_of, acts=(Act.LIVE,))
    if set(matrix.communes) != set(shift_of):
        return {}
    found = {}
    for person in matrix.persons:
        courses = [matrix.course(person, commune) for commune in matrix.communes]
        if all(course is not None and all(one.opened for one in course) for course in courses):
            found[person] = all(one.opened == one.total for course in courses if course for one in course)
    return found


def _obstacle(law: LawEngine, matrix: Matrix, person: PersonId, commune: BodyId) -> Obstacle | None:
    course = matrix.course(person, commune)
    if course is None:
        return _no_link(law, matrix, person, commune)
    worst = _worst(course)
    if worst is None:
        return None
    reason = why_closed(law, matrix, (person, commune, Act.LIVE), worst)
    return Obstacle(commune, worst.at, worst.opened, worst.total, reason.decision)


def _worst(course: Course) -> Standing | None:
    """The first standing in which nothing is open; else the first in which something is closed."""
    closed = next((one for one in course if one.opened == 0), None)
    return closed or next((one for one in course if one.opened < one.total), None)


def _no_link(law: LawEngine, matrix: Matrix, person: PersonId, commune: BodyId) -> Obstacle:
    camera = min(one.id for one in matrix.facts.cameras.values() if one.commune == commune)
    decision = Asking(law, matrix.facts).decide(person, camera, Act.LIVE, matrix.span.start)
    return Obstacle(commune, matrix.span.start, 0, 0, decision)
