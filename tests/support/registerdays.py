"""Entries of a small centre drawn by hypothesis: what happens in two communes, in procedures and outside them."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from hypothesis import strategies as st

from beffroi.domain.acts import Act, Origin, Purpose, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.facts import Body, BodyKind, Camera, Facts
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.ledger.entry import EntryKind, Record, Sent, Trace

A, B = BodyId("99001"), BodyId("99002")
CAMERAS: Final = {A: ("mairie", "halle"), B: ("gare", "pont")}
START_US: Final = to_wall_us(datetime(2026, 9, 1, tzinfo=UTC))
MINUTE_US: Final = 60_000_000
SPAN_MINUTES: Final = 85 * 24 * 60
TODAY: Final = date(2026, 11, 22)
_DOCS: Final[tuple[tuple[str, ...], ...]] = (
    ("prefect_order/1",), ("requisition/7",), ("subject_request/2",), ("command_presence/3",), ("mission_letter/4",),
)  # fmt: skip


def facts() -> Facts:
    """Two communes with two cameras each."""
    return Facts.of(
        bodies=[Body(A, BodyKind.COMMUNE, "Bourg-Neuf"), Body(B, BodyKind.COMMUNE, "Saint-Aubin")],
        cameras=[
            Camera(CameraId(one), one.title(), commune, Origin.PUBLIC_WAY, "s")
            for commune, several in CAMERAS.items()
            for one in several
        ],
    )


def record(kind: EntryKind, camera: str | None, minute: int, **more: Any) -> Record:
    """An entry without its place in the register yet."""
    at_us = START_US + minute * MINUTE_US
    more.setdefault("actor", None)
    return Record(
        index=0, kind=kind, time_us=at_us, commitment=b"", camera=CameraId(camera) if camera else None, **more
    )


def trace(verdict: Verdict, documents: tuple[str, ...]) -> Trace:
    """A decision that rests on these documents."""
    return Trace(verdict, "row-13", (), ("CSI L.132-14",), documents, "r", "f")


def numbered(parts: list[list[Record]]) -> list[Record]:
    """One register out of acts (each a view with its end): by time; an end names the number of its opening. What names
    an entry depends on its own content alone, as a random commitment does."""
    flat = [(one, act, step) for act, several in enumerate(parts) for step, one in enumerate(several)]
    flat.sort(key=lambda item: (item[0].happened_us, item[1], item[2]))
    place = {(act, step): index for index, (_, act, step) in enumerate(flat)}
    made = []
    for index, (one, act, step) in enumerate(flat):
        content = hashlib.sha256(repr(one).encode()).digest()
        made.append(replace(one, index=index, commitment=content, opened=place[act, 0] if step else None))
    return made


@st.composite
def views(draw: st.DrawFn, commune: BodyId) -> list[Record]:
    """A view of a commune's camera: refused, or opened and, most often, ended."""
    camera, minute = draw(st.sampled_from(CAMERAS[commune])), draw(st.integers(0, SPAN_MINUTES))
    act = draw(st.sampled_from([Act.LIVE, Act.REPLAY, Act.EXTRACT, Act.RELAY]))
    actor = draw(st.sampled_from(["a" * 32, "b" * 32, "c" * 32]))
    footage = WallRange(START_US + minute * MINUTE_US - 600 * MINUTE_US, START_US + minute * MINUTE_US)
    common: dict[str, Any] = {
        "actor": actor, "act": act, "view": ViewId(f"v{draw(st.integers(0, 10**9))}"), "purpose": Purpose.F5,
        "authority": AuthorityId(f"maire/{commune}"), "footage": None if act is Act.LIVE else footage,
    }  # fmt: skip
    documents = draw(st.sampled_from(_DOCS))
    if draw(st.integers(0, 3)) == 0:
        return [record(EntryKind.VIEW_REFUSED, camera, minute, decision=trace(Verdict.DENY, documents), **common)]
    opened = record(EntryKind.VIEW_OPENED, camera, minute, decision=trace(Verdict.ALLOW, documents), **common)
    if draw(st.booleans()):
        return [opened]
    sent = Sent(draw(st.integers(0, 900)), 1, footage)
    return [opened, record(EntryKind.VIEW_ENDED, camera, minute + 5, sent=sent, **common)]


@st.composite
def others(draw: st.DrawFn, commune: BodyId) -> list[Record]:
    """A hold, a file closed, a file destroyed at term or with a hold."""
    camera, minute = draw(st.sampled_from(CAMERAS[commune])), draw(st.integers(0, SPAN_MINUTES))
    begin = START_US + minute * MINUTE_US
    span = {"from_us": begin - 10 * MINUTE_US, "to_us": begin}
    kind = draw(st.sampled_from(["hold", "closed", "destroyed", "frozen", "placed"]))
    if kind == "hold":
        case = f"case-{draw(st.integers(0, 10**6))}"
        return [record(EntryKind.HOLD, camera, minute, actor="d" * 32, detail={"case": case})]
    if kind == "placed":
        return [record(EntryKind.RECORDER, camera, minute, outcome="hold_placed", detail={"case": "k", **span})]
    if kind == "closed":
        return [record(EntryKind.RECORDER, camera, minute, outcome="chunk_closed", detail=span)]
    detail = {**span, "term_end_us": begin, "cause": "term", "store": "frozen" if kind == "frozen" else "rolling"}
    return [record(EntryKind.DESTRUCTION, camera, minute, outcome="destruction", detail=detail)]


def life(commune: BodyId, size: int = 25) -> st.SearchStrategy[list[list[Record]]]:
    """Three months of a commune."""
    return st.lists(st.one_of(views(commune), others(commune)), max_size=size)
