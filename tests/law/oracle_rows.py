"""Independent reading, part 7: the rows of the decision table that open something. What no row opens is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tests.law import oracle_others as others
from tests.law import oracle_public as public
from tests.law.oracle_papers import Question, midnight, text

CODE = date(2012, 5, 1)
GDPR = date(2018, 5, 25)
SHARING = date(2021, 5, 27)  # loi Sécurité globale: L.132-14, L.132-14-1, L.512-1, L.512-1-2, L.512-3
COMMON_PARTS = INSPECTION = date(2023, 5, 21)
ACCESS_LIST = date(2023, 11, 30)  # décret 2023-1102: R.253-3

FIVE = ("live", "replay", "ptz", "extract", "relay")
THREE = ("live", "replay", "ptz")


@dataclass(frozen=True)
class Row:
    """``opens`` gives the authority under which the act is done, or nothing. ``unsettled`` rows wait for a D22;
    ``interpretation`` rows may be closed by one."""

    number: str
    since: date
    acts: tuple[str, ...]
    opens: Callable[[Question], str | None]
    unsettled: bool = False
    interpretation: bool = False


ROWS = (
    Row("row-01", CODE, FIVE, public.row_01),
    Row("row-03", ACCESS_LIST, FIVE, public.row_03, interpretation=True),
    Row("row-04", CODE, FIVE, public.row_04),
    Row("row-06", CODE, FIVE, public.row_06),
    Row("row-07", ACCESS_LIST, FIVE, public.row_07),
    Row("row-08", SHARING, FIVE, public.row_08),
    Row("row-08bis", SHARING, FIVE, public.row_08bis),
    Row("row-10", SHARING, FIVE, public.row_10),
    Row("row-11", ACCESS_LIST, FIVE, public.row_11),
    Row("row-13", SHARING, FIVE, public.row_13),
    Row("row-15", SHARING, FIVE, public.row_15, interpretation=True),
    Row("row-16", SHARING, FIVE, public.row_16),
    Row("row-17", SHARING, FIVE, public.row_17),
    Row("row-18", SHARING, FIVE, public.row_18, interpretation=True),
    Row("row-19", SHARING, FIVE, public.row_19, unsettled=True),
    Row("row-22", ACCESS_LIST, THREE, public.row_22, unsettled=True),
    Row("row-23", ACCESS_LIST, FIVE, public.row_23),
    Row("row-25", ACCESS_LIST, THREE, others.row_25),
    Row("row-27", ACCESS_LIST, ("replay", "extract"), others.row_27),
    Row("row-28", ACCESS_LIST, ("live",), others.row_28),
    Row("row-29", ACCESS_LIST, ("extract",), others.row_29),
    Row("row-31", ACCESS_LIST, FIVE, others.row_31),
    Row("row-32", ACCESS_LIST, FIVE, others.row_32),
    Row("row-33", ACCESS_LIST, FIVE, others.row_33, unsettled=True),
    Row("row-34", COMMON_PARTS, ("live",), others.row_34),
    Row("row-36", ACCESS_LIST, THREE, others.row_36),
    Row("row-38", ACCESS_LIST, FIVE, others.row_38),
    Row("row-40", INSPECTION, ("live", "replay", "extract"), others.row_40),
    Row("row-41", ACCESS_LIST, ("replay", "extract"), others.row_41),
    Row("row-43a", GDPR, FIVE, others.row_43a),
    Row("row-43b", GDPR, FIVE, others.row_43b, unsettled=True),
)
"""A row and the day from which its articles let it open anything."""


def in_force(row: Row, q: Question) -> bool:
    """A row asked for an instant before its law is not open."""
    return q.request.at >= midnight(row.since)


def position(q: Question, row: Row) -> set[str]:
    """What the préfecture wrote on this point, for this commune or this controller: open, closed, both, nothing."""
    return {
        text(one, "answer") or "open"
        for one in q.held("prefecture_position")
        if text(one, "point") == row.number and one.scope.bodies & {q.camera.commune, q.camera.responsible}
    }
