"""Tonight's matrix, shifts and differences as JSON for the console."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from beffroi.domain.clock import to_wall_us
from beffroi.domain.facts import Facts, Person
from beffroi.domain.ids import BodyId, PersonId
from beffroi.law.tonight.difference import Gap
from beffroi.law.tonight.matrix import Course, Matrix, Reason, State
from beffroi.room.shift import Obstacle, Shift
from beffroi.server.rendering import Json, iso
from beffroi.server.routes.why import card_json


def zulu(at: datetime) -> str:
    """An instant as ISO 8601, UTC."""
    return iso(to_wall_us(at))


_Shown = tuple[tuple[datetime | None, State, int, int], ...]
"""A course as it is shown from now on: since when (None: now), which state, how many cameras of how many."""


def matrix_json(matrix: Matrix, at: datetime) -> Json:
    """Rows of persons who have a link with some commune; each distinct set of courses is told once, by its number.

    Told from now on only: when the matrix was drawn would tell when some fact, of whatever commune, last changed.
    """
    at = max(at, matrix.span.start)  # drawn while the question waited
    numbers: dict[tuple[_Shown, ...], int] = {}
    shown: dict[int, _Shown] = {}
    rows: list[Json] = []
    for person in matrix.persons:
        row = []
        for commune in matrix.communes:
            courses = [matrix.course(person, commune, act) for act in matrix.acts]
            for course in courses:
                if id(course) not in shown:  # courses are shared, and the matrix keeps them
                    shown[id(course)] = _from_now_on(course or (), at)
            key = tuple(shown[id(course)] for course in courses)
            row.append(numbers.setdefault(key, len(numbers)) if any(key) else -1)
        if any(one >= 0 for one in row):
            rows.append({"person": person, "cells": row})
    return {
        "until": zulu(matrix.span.end),
        "acts": [act.value for act in matrix.acts],
        "courses": [[_course_json(course) for course in courses] for courses in numbers],
        "rows": rows,
    }


def _from_now_on(course: Course, at: datetime) -> _Shown:
    current = [one for one in course if one.at <= at][-1:]
    later = [one for one in course if one.at > at]
    return tuple((None if one in current else one.at, one.state, one.opened, one.total) for one in (*current, *later))


def _course_json(course: _Shown) -> list[Json]:
    return [
        {"at": None if since is None else zulu(since), "state": state.value, "open": opened, "of": of}
        for since, state, opened, of in course
    ]


def person_json(person: Person) -> Json:
    """A person as a row of the night."""
    return {"id": person.id, "name": person.label.as_dict(), "status": person.status.value}


def communes_json(facts: Facts, communes: Iterable[BodyId]) -> list[Json]:
    """Communes by name, with how many cameras stand there."""
    counts: dict[BodyId, int] = {}
    for camera in facts.cameras.values():
        counts[camera.commune] = counts.get(camera.commune, 0) + 1
    named = [(facts.bodies[one].name if one in facts.bodies else one, one) for one in communes]
    return [{"id": one, "name": name, "cameras": counts.get(one, 0)} for name, one in sorted(named)]


def reason_json(facts: Facts, reason: Reason, at: datetime) -> Json:
    """Why some cameras stand as they do, from an instant on (None: now): their names, and the whole card."""
    names = [facts.cameras[one].name for one in reason.cameras if one in facts.cameras]
    return {
        "at": None if reason.at <= at else zulu(reason.at),
        "cameras": names,
        "card": card_json(facts, reason.decision),
    }


def gap_json(gap: Gap) -> Json:
    """What one person gains and loses, in cameras counted."""
    return {
        "person": gap.person,
        "commune": gap.commune,
        "act": gap.act.value,
        "first": zulu(gap.first),
        "gained": len(gap.gained),
        "lost": len(gap.lost),
    }


def shift_json(facts: Facts, shift: Shift, communes: Sequence[BodyId], at: datetime) -> Json:
    """A shift, of whose communes only some may be told."""
    person = facts.persons.get(shift.person)
    return {
        "id": shift.id,
        "person": shift.person,
        "name": {"fr": shift.person, "en": shift.person} if person is None else person.label.as_dict(),
        "communes": communes_json(facts, communes),
        "starts": zulu(shift.starts),
        "ends": zulu(shift.lasts_until),
        "now": shift.covers(at),
    }


def obstacle_json(facts: Facts, person: PersonId, obstacle: Obstacle) -> Json:
    """Why a commune would be closed, wholly or in part, from when; what would cure it."""
    return {
        "commune": obstacle.commune,
        "at": zulu(obstacle.at),
        "open": obstacle.opened,
        "of": obstacle.total,
        "text": obstacle.sentence(facts, person).as_dict(),
        "card": card_json(facts, obstacle.decision),
    }
