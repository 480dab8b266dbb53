"""Viewings on site in a commune's registers: a monthly count of joint sessions, and no row, a refusal's neither."""

import pytest
from tests.support.registerdays import TODAY, A, facts, numbered, record

from beffroi.domain.acts import Act
from beffroi.ledger.entry import EntryKind, Record
from beffroi.publish.registers.draw import Place, draw
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.privacy import Secret, counts
from beffroi.publish.registers.table import Register

OCTOBER = Period.month("2026-10")


def views(kind: EntryKind, sessions: int, each: int) -> list[list[Record]]:
    """Views of this many joint sessions of one case, none of which cites a document."""
    return [
        [record(kind, "mairie", 50_000 + 10 * n + k, act=Act.REPLAY, detail={"case": "D", "onsite": f"V-{n}"})]
        for n in range(sessions)
        for k in range(each)
    ]


def test_joint_sessions_are_counted_not_their_views() -> None:
    found = counts(numbered(views(EntryKind.VIEW_OPENED, 7, 3)), OCTOBER, TODAY, whole=False)
    assert {one.secret: one.shown for one in found}[Secret.ON_SITE] == "7"
    refused = counts(numbered(views(EntryKind.VIEW_REFUSED, 7, 3)), OCTOBER, TODAY, whole=False)
    assert {one.secret: one.shown for one in refused}[Secret.ON_SITE] == "< 5"


@pytest.mark.parametrize("register", list(Register))
def test_a_commune_reads_no_row_of_them(register: Register) -> None:
    acts = views(EntryKind.VIEW_OPENED, 3, 2) + views(EntryKind.VIEW_REFUSED, 3, 2)
    place = Place.of(facts(), A)
    few = draw(register, place, OCTOBER, numbered(acts), TODAY, whole=False)
    none = draw(register, place, OCTOBER, [], TODAY, whole=False)
    assert (few.rows, few.counts) == (none.rows, none.counts)
