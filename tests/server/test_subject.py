"""A filmed person's request, from paper to the letter: held at once, decided by the commune, identity not kept."""

import asyncio
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import pytest
from pypdf import PdfReader
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, DAY_S, DeskTown, desk_town, span
from tests.support.ports import busy, wait_for

from beffroi.cli.promises.client import Answer
from beffroi.domain.ids import BodyId, PersonId
from beffroi.evidence import subjectstore
from beffroi.ledger.entry import EntryKind, Record
from beffroi.registry.subjecttables import SubjectRequestRow
from beffroi.server.subjectediting import Editings

SECOND = "pmX"

PAPER = {"wish": "copy", "channel": "paper", "received_on": "2026-03-02", "commune": "X", "place": "place du marché"}
PAPER |= {"day": "2026-03-02", "hours": "09:40", "recognise": "manteau rouge", "contact": "poste restante"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskTown]:
    with desk_town(tmp_path_factory.mktemp("subject") / "data") as one:
        one.record("cx", clip(count=250))
        one.record("cx", clip(count=250), at_s=18, run="b2" * 16)
        yield one


def entered(place: DeskTown, **more: str) -> dict[str, Any]:
    answer = place.town.person(AGENT).post("/api/subject/requests", {**PAPER, **more})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.body["request"]
    return found


def step(
    place: DeskTown, request: str, name: str, body: Mapping[str, object] | None = None, who: str = AGENT
) -> tuple[int, dict[str, Any]]:
    answer = place.town.person(who).post(f"/api/subject/requests/{request}/{name}", dict(body or {}))
    return answer.status, answer.body


def held(place: DeskTown, from_s: float = 0, to_s: float = 9.9) -> str:
    """A request whose minutes are held and whose person was identified."""
    request = str(entered(place)["id"])
    status, body = step(place, request, "register", {"cameras": [{"camera": "cx", **span(from_s, to_s)}]})
    assert status == 200, body
    assert body["holds"][0]["complete"], body
    status, body = step(place, request, "identity", {"how": "card_seen", "on": "2026-03-02"})
    assert (status, body["identity"]) == (200, "card_seen"), body
    return request


def granted(place: DeskTown, outcome: str = "copy", **more: object) -> str:
    """A request that the mayor granted."""
    request = held(place)
    assert step(place, request, "decide", {"outcome": outcome, **more}, "mayorX")[0] == 422, "not prepared yet"
    assert step(place, request, "propose")[0] == 200
    status, body = step(place, request, "decide", {"outcome": outcome, **more}, "mayorX")
    assert (status, body["outcome"]) == (200, outcome), body
    assert [one["status"] for one in body["papers"]] == ["confirmed"]
    return request


def entries(place: DeskTown) -> list[Record]:
    ledger = place.town.centre.ledger
    return [ledger.record(n) for n in range(ledger.size)]


def outcomes(place: DeskTown, request: str) -> list[str]:
    records = entries(place)
    return [str(one.outcome) for one in records if one.detail.get("case") == request and one.kind is EntryKind.DESK]


def test_from_paper_to_the_letter(place: DeskTown) -> None:
    request = granted(place)
    told = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body
    assert told["recognise"] == "", "what served to find the images goes with the decision"
    letter = place.town.person(AGENT).get(f"/api/subject/requests/{request}/lettre.pdf")
    assert (letter.status, letter.raw[:5]) == (200, b"%PDF-")
    commune = next(one.name for one in place.town.centre.registry.facts().bodies.values() if one.id == "X")
    assert f"Maire de {commune}" in " ".join(PdfReader(io.BytesIO(letter.raw)).pages[0].extract_text().split())
    assert step(place, request, "answered")[0] == 200
    assert outcomes(place, request) == [
        "subject_received", "subject_registered", "subject_identified", "subject_proposed", "subject_decided",
        "subject_answered",
    ]  # fmt: skip


def reason(place: DeskTown) -> str:
    reasons = place.town.person(AGENT).get("/api/reasons").body
    return str(next(one["id"] for one in reasons if one["purpose"] == "F5"))


def prepared(place: DeskTown, request: str, from_s: float = 1, to_s: float = 5) -> str:
    """A copy that the second person agreed to."""
    status, body = step(place, request, "copies", {"camera": "cx", **span(from_s, to_s), "second": SECOND})
    assert status == 201, body
    name = str(body["copies"][-1]["id"])
    assert step(place, request, f"copies/{name}/open", {"reason": reason(place)})[0] == 403, "nobody agreed yet"
    assert step(place, request, f"copies/{name}/agree")[0] == 403, "one's own agreement is none"
    assert awaits(place, request) == {SECOND}
    assert step(place, request, f"copies/{name}/agree", who=SECOND)[0] == 200
    assert awaits(place, request) == set()
    return name


def awaits(place: DeskTown, request: str) -> set[str]:
    """Whom a copy of the request tells that it waits for them."""
    persons, path = (AGENT, SECOND, "mayorX"), f"/api/subject/requests/{request}"
    told = {who: place.town.person(who).get(path).body["copies"] for who in persons}
    return {who for who, copies in told.items() if any(one["awaits_you"] for one in copies)}


def picture(place: DeskTown, request: str, name: str, at_s: float, *, masked: bool = False, who: str = AGENT) -> Answer:
    at_us = BEGIN_US + round(at_s * 1e6)
    path = f"/api/subject/requests/{request}/copies/{name}/picture?at_us={at_us}&masked={str(masked).lower()}"
    return place.town.person(who).get(path)


def test_the_derived_copy_from_two_persons_to_its_end(place: DeskTown, tmp_path: Path) -> None:
    request = granted(place)
    awaited = [awaits(place, request)]
    name = prepared(place, request)
    copy = f"copies/{name}"
    assert picture(place, request, name, 2).status == 403, "not open"
    status, body = step(place, request, f"{copy}/open", {"reason": reason(place)})
    assert status == 200, body
    seen = picture(place, request, name, 2)
    assert (seen.status, seen.raw[:2]) == (200, b"\xff\xd8"), seen.body
    assert abs(int(seen.headers["x-beffroi-at"]) - BEGIN_US - 2_000_000) <= 40_000
    assert picture(place, request, name, 0.5).status == 422, "outside of the minutes"
    assert picture(place, request, name, 2, who=SECOND).status == 403, "another session has nothing open"
    assert picture(place, request, name, 2, masked=True).raw != seen.raw
    row = [BEGIN_US + 1_000_000, 0, 0, 5000, 5000], [BEGIN_US + 5_000_000, 5000, 5000, 10_000, 10_000]
    assert step(place, request, f"{copy}/boxes", {"mode": "keep", "regions": [list(row)]})[0] == 200
    status, body = step(place, request, f"{copy}/build")
    assert status == 200, body
    made = body["copies"][-1]
    assert made["pictures"] == 100
    assert picture(place, request, name, 2).status == 403, "closed with the making"
    path = f"/api/subject/requests/{request}/{copy}/copie.zip"
    assert place.town.person(AGENT).get(path).status == 403, "not looked over yet"
    assert place.town.person(SECOND).get(path.replace("copie.zip", "film.mp4")).raw[4:8] == b"ftyp"
    awaited.append(awaits(place, request))
    assert step(place, request, f"{copy}/check", who=SECOND)[0] == 200
    assert [*awaited, awaits(place, request)] == [set(), {SECOND}, set()], "the look at the result"
    fetched = place.town.person(AGENT).get(path)
    assert fetched.status == 200
    assert hashlib.sha256(fetched.raw).hexdigest() == made["sha256"]
    with zipfile.ZipFile(io.BytesIO(fetched.raw)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["film"]["sha256"] == hashlib.sha256(archive.read("copie.mp4")).hexdigest()
        assert (manifest["what"], manifest["agreed_by"]) == ("COPIE DÉRIVÉE, TIERS MASQUÉS", SECOND)
        assert len(manifest["source"]["groups"]) >= 4
        with av.open(io.BytesIO(archive.read("copie.mp4")), "r") as film:
            first = next(film.decode(video=0)).to_ndarray(format="gray")
    assert first[50:70, 90:].std() < 4, "grey where nothing was drawn"
    views = [one for one in entries(place) if one.detail.get("copy") == name and one.kind is EntryKind.VIEW_OPENED]
    assert [(one.act, one.camera) for one in views] == [("extract", "cx")]
    trace = views[0].decision
    assert trace is not None
    assert any(one.startswith("subject_request/") for one in trace.documents)
    assert step(place, request, f"{copy}/handed")[0] == 200


def test_without_the_mayor_s_decision_no_picture_is_opened(place: DeskTown) -> None:
    request = held(place)
    assert step(place, request, "copies", {"camera": "cx", **span(1, 5), "second": SECOND})[0] == 403
    assert step(place, request, "viewings")[0] == 403
    for who in (AGENT, "pmX"):
        assert step(place, request, "decide", {"outcome": "copy"}, who)[0] == 403, "the decision is the controller's"


def test_a_copy_stays_within_what_was_granted(place: DeskTown) -> None:
    request = granted(place)
    for camera, ends in (("cx", (5, 15)), ("cd", (1, 5))):
        asked = {"camera": camera, **span(*ends), "second": SECOND}
        assert step(place, request, "copies", asked)[0] == 403, (camera, ends)


def test_a_withdrawn_decision_closes_the_pictures(place: DeskTown) -> None:
    request = granted(place)
    name = prepared(place, request)
    assert step(place, request, f"copies/{name}/open", {"reason": reason(place)})[0] == 200
    assert picture(place, request, name, 2).status == 200
    told = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body
    place.town.centre.registry.withdraw(told["papers"][0]["id"], by=PersonId("mayorX"), reason="essai")
    wait_for(lambda: picture(place, request, name, 2).status == 403, timeout_s=5 * busy(), what="the cut")
    assert step(place, request, f"copies/{name}/build")[0] == 403
    assert step(place, request, f"copies/{name}/open", {"reason": reason(place)})[0] == 403, (
        "others' titles are no title"
    )


def test_refusals_cite_a_ground_and_say_why(place: DeskTown) -> None:
    request = held(place)
    for wrong in ({"outcome": "refused"}, {"outcome": "refused", "ground": "court"}, {"outcome": "no_image"}):
        assert step(place, request, "decide", wrong, "mayorX")[0] == 422, wrong
    assert step(place, request, "decide", {"outcome": "refused", "ground": "busy", "reason": "x"}, "mayorX")[0] == 422
    assert step(place, request, "propose")[0] == 200
    status, body = step(
        place, request, "decide", {"outcome": "refused", "ground": "court", "reason": "enquête en cours"}, "mayorX"
    )
    assert (status, body["papers"][0]["status"]) == (200, "withdrawn"), body
    assert place.town.person(AGENT).get(f"/api/subject/requests/{request}/lettre.pdf").status == 200


def test_the_viewing_shows_both_what_the_law_lets_both_see(place: DeskTown) -> None:
    request = held(place, 20, 25)
    assert step(place, request, "propose")[0] == 200
    status, _ = step(place, request, "decide", {"outcome": "viewing"}, "mayorX")
    assert status == 422, "others may be recognised: a copy instead"
    assert step(place, request, "decide", {"outcome": "viewing", "nobody_else": True}, "mayorX")[0] == 200
    agent, subject = place.town.person(AGENT), ""
    status, body = step(place, request, "viewings")
    assert status == 201, body
    subject, viewing = body["subject"], body["viewings"][-1]["id"]
    try:
        assert [one["id"] for one in agent.get("/api/screen").body["present"]] == [subject]
        for ends, allowed in (((20, 25), True), ((19, 25), False), ((0, 5), False)):
            with agent.socket() as socket:
                asked = agent.open_view(socket.connection_id, "cx", "replay", reason=reason(place), **span(*ends))
            assert (asked.status in {200, 201}) is allowed, (ends, asked.body)
        with agent.socket() as socket:
            assert agent.open_view(socket.connection_id, "cd", "live", reason=reason(place)).status == 403
    finally:
        status, body = step(place, request, f"viewings/{viewing}/end", {"note": "la personne s'est reconnue"})
    assert (status, body["viewings"][-1]["note"]) == (200, "la personne s'est reconnue")
    assert agent.get("/api/screen").body["present"] == []
    assert outcomes(place, request)[-2:] == ["subject_viewing", "subject_viewing_ended"]


def test_a_request_is_there_for_its_commune_alone(place: DeskTown) -> None:
    request = str(entered(place)["id"])
    for who in ("mayorZ", "pmZ", "mayorY"):
        assert place.town.person(who).get(f"/api/subject/requests/{request}").status == 404
        listed = place.town.person(who).get("/api/subject/requests").body
        assert request not in [one["id"] for one in listed]
    assert step(place, request, "register", {"cameras": [{"camera": "cy", **span(0, 5)}]})[0] == 404, (
        "another commune's"
    )
    answer = place.town.person(AGENT).post("/api/subject/requests", {**PAPER, "commune": "Z"})
    assert answer.status == 404


def test_nothing_of_what_proved_identity_can_be_sent_or_kept(place: DeskTown) -> None:
    request = str(entered(place)["id"])
    for more in ({"number": "123"}, {"name": "x"}, {"born": "1990-01-01"}):
        assert step(place, request, "identity", {"how": "card_seen", "on": "2026-03-02", **more})[0] == 422
    assert step(place, request, "identity", {"how": "trust", "on": "2026-03-02"})[0] == 422
    assert step(place, request, "identity", {"how": "card_seen", "on": "2026-03-05"})[0] == 422, "tomorrow"
    columns = {column.name for column in SubjectRequestRow.__table__.columns}
    assert not {one for one in columns if re.search("name|birth|born|card|passport|photo", one)}


def test_a_decision_after_the_deadline_is_possible_and_written_as_late(place: DeskTown) -> None:
    for received, late in (("2026-01-15", True), ("2026-02-28", False)):
        request = str(entered(place, wish="objection", received_on=received)["id"])
        told = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body["due"]
        assert (told["late"], told["why"]) == (late, "month")
        assert step(place, request, "decide", {"outcome": "routed"}, "mayorX")[0] == 200
        (decided,) = [
            one for one in entries(place) if one.detail.get("case") == request and one.outcome == "subject_decided"
        ]
        assert decided.detail["late"] is late
        assert step(place, request, "decide", {"outcome": "routed"}, "mayorX")[0] == 422, "once"
    for received in ("2026-03-03", "2025-01-01"):
        answer = place.town.person(AGENT).post("/api/subject/requests", {**PAPER, "received_on": received})
        assert answer.status == 422, "tomorrow, or more than a year ago"


def test_other_wishes_get_the_standard_answer(place: DeskTown) -> None:
    for wish in ("objection", "erasure", "rectification"):
        request = str(entered(place, wish=wish)["id"])
        assert step(place, request, "register", {"cameras": [{"camera": "cx", **span(0, 5)}]})[0] == 422
        assert step(place, request, "decide", {"outcome": "copy"}, "mayorX")[0] == 422
        assert step(place, request, "decide", {"outcome": "routed"}, "mayorX")[0] == 200
        letter = place.town.person(AGENT).get(f"/api/subject/requests/{request}/lettre.pdf").raw
        words = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(letter)).pages)
        if wish == "objection":
            assert "R.253-6, V" in words
        assert "article 108" in " ".join(words.split()), "police-justice: the CNIL's indirect access"


def test_a_flood_of_requests_hides_none_that_is_due(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    oldest = str(entered(place, wish="objection")["id"])
    place.town.clock.advance(1)
    editings: Editings = place.town.app.state.subjects
    listed = editings.copies.subjects.store.listed
    waiting = [one.row for one in listed([BodyId("X")]) if one.row.decided_us is None]
    assert oldest in {one.id for one in waiting}
    assert [one.received_us for one in waiting] == sorted(one.received_us for one in waiting)
    for _ in range(3):
        entered(place, wish="objection")
    monkeypatch.setattr(subjectstore, "_MANY", len(waiting))
    left = [one.row.id for one in listed([BodyId("X")]) if one.row.decided_us is None]
    assert left == [one.id for one in waiting]


def test_what_the_person_wrote_goes_with_the_end_of_the_request(place: DeskTown) -> None:
    request = str(entered(place, wish="objection")["id"])
    assert step(place, request, "decide", {"outcome": "routed", "reason": "précision"}, "mayorX")[0] == 200
    assert step(place, request, "answered")[0] == 200
    editings: Editings = place.town.app.state.subjects
    editings.copies.subjects.store.set(request, commune_said="Bourg Neuf")
    letter = f"/api/subject/requests/{request}/lettre.pdf"
    assert place.town.person(AGENT).get(letter).status == 200
    asyncio.run(place.town.app.state.subject_round.once())
    row = editings.copies.subjects.store.request(request).row
    assert row.closed_us is not None
    left = (row.contact, row.place, row.recognise, row.reason, row.commune_said, row.day, row.hours)
    assert left == ("",) * 7, "the public page promises it"
    refused = place.town.person(AGENT).get(letter)
    assert (refused.status, "effacé" in refused.body["error"]["text"]["fr"]) == (422, True), "not the letter that left"


def test_the_round_destroys_and_forgets_in_time(place: DeskTown) -> None:
    """Last of this file: days pass."""
    request = granted(place)
    name = prepared(place, request)
    assert step(place, request, f"copies/{name}/open", {"reason": reason(place)})[0] == 200
    assert step(place, request, f"copies/{name}/build")[0] == 200
    assert step(place, request, f"copies/{name}/check", who=SECOND)[0] == 200
    assert step(place, request, f"copies/{name}/handed")[0] == 200
    assert step(place, request, "answered")[0] == 200
    editings: Editings = place.town.app.state.subjects
    path = editings.copies.path(name)
    left = [path.with_suffix(".making"), path.with_suffix(".part"), path.with_name("P-1-none.zip")]
    for one in left:
        one.write_bytes(b"left by a crash")
    editings.copies.tidy()
    assert not [one for one in left if one.exists()], "nothing would ever destroy them"
    assert path.exists()
    asyncio.run(place.town.app.state.subject_round.once())
    assert path.exists(), "not yet"
    place.town.clock.advance(6 * DAY_S + 60)
    asyncio.run(place.town.app.state.subject_round.once())
    assert not path.exists()
    gone = [one for one in entries(place) if one.outcome == "derived_destroyed" and one.detail.get("copy") == name]
    assert len(gone) == 1
    assert gone[0].kind is EntryKind.DESTRUCTION
    assert gone[0].detail["gone"] is True
    told = editings.copies.subjects.store.request(request)
    assert told.row.closed_us is None, "its images are still held"
