"""The monthly report: made once, entered by its hash, read by its commune; its figures are the register's."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.test_server_account import FakeBooks, answering
from tests.support.centre import Town, X, Y, running
from tests.support.registeracts import view
from tests.support.registerdays import MINUTE_US, START_US, A, facts, life, numbered, record
from typer.testing import CliRunner

from beffroi.cli.ledger import app as ledger_app
from beffroi.cli.report import _chosen, app
from beffroi.domain.acts import Act
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.ledger import choosing
from beffroi.ledger.choosing import TooDenseError
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.publish.registers.draw import Place
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.report import Machine, duration, qr_of, report_of
from beffroi.publish.registers.tally import Outage, Tally
from beffroi.server import reports


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("reports") / "data") as one:
        view(one, "cx", "february", days_ago=10)
        view(one, "cx", "onsite", days_ago=10, documents=("requisition/1",))
        view(one, "cx", "refused", days_ago=9, refused=True)
        view(one, "cx", "march")
        at_us = Period.month("2026-02").span.to_us
        begin_us, end_us = at_us - 45 * MINUTE_US, at_us + 45 * MINUTE_US
        gap = {"from_us": begin_us, "to_us": end_us, "cause": "camera_unreachable"}
        told = Entry(EntryKind.RECORDER, camera=CameraId("cx"), outcome="gap", at_us=end_us, detail=gap)
        one.centre.ledger.append(told)
        yield one


def look(town: Town, day: int) -> list[str]:
    """The centre's look on a day of March; the communes whose report of February is made after it."""
    with patch.object(reports, "today_of", lambda _: date(2026, 3, day)):
        town.app.state.reports.look()
    return sorted(one.commune for one in town.app.state.reports.listed() if one.month == "2026-02")


def text_of(pdf: bytes) -> str:
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(words.split())


def test_each_commune_has_its_report_of_the_month_that_is_over_once(town: Town) -> None:
    look(town, 10)
    assert town.app.state.reports.look() == 0
    assert {(one.commune, one.month) for one in town.app.state.reports.listed()} == {(c, "2026-02") for c in "XYZ"}
    found = town.person("mayorX").get("/api/reports").body["reports"]
    assert [(one["commune"]["id"], one["month"]) for one in found] == [("X", "2026-02")]
    assert not found[0]["entry"].isdigit() or len(found[0]["entry"]) == 16  # a reference, not a number
    assert len(town.person("dpo").get("/api/reports").body["reports"]) == 3


def test_its_hash_is_an_entry_and_its_figures_are_the_register_s(town: Town) -> None:
    look(town, 10)
    paper = town.person("mayorX").get("/api/reports/X/2026-02").raw
    kept = next(one for one in town.app.state.reports.listed() if one.commune == "X")
    entry = town.centre.ledger.record(kept.entry)
    assert entry.kind is EntryKind.REPORT_MADE
    assert entry.detail["sha256"] == hashlib.sha256(paper).hexdigest() == kept.sha256
    said = text_of(paper)
    assert "février 2026" in said
    assert "1 vue(s) ouverte(s)" in said  # neither the one on requisition nor that of March
    assert "1 vue(s) refusée(s)" in said
    assert "CSI L.132-14" in said
    assert "F5 — Surveillance des lieux" in said
    assert "< 5" in said
    assert "n'a pas répondu" in said  # no recorder here: said, not passed over
    assert "sur le réseau. 1 45 min" in said  # of an outage over midnight what was of February
    assert "agentE" not in said


def test_it_waits_for_what_crosses_midnight_and_for_the_recorder_s_account(tmp_path: Path) -> None:
    """A gap and a view are told when they end, so the 1st is too early; and what is kept is never made again: a
    recorder that is away for an hour must not leave a report without its account."""
    with running(tmp_path / "data") as town:
        with answering(town, FakeBooks()):
            assert look(town, 1) == []
        assert look(town, 2) == [], "nobody answers"
        assert look(town, 8) == [], "the last day of patience"
        with answering(town, FakeBooks()):
            assert look(town, 8) == ["X", "Y", "Z"]
        made = text_of(town.person("mayorX").get("/api/reports/X/2026-02").raw)
        assert "n'a pas répondu" not in made
        assert "Ordonné Enregistré Manquant" in made


def test_another_s_report_is_unknown(town: Town) -> None:
    look(town, 10)
    mayor = town.person("mayorX")
    there, nowhere = mayor.get("/api/reports/Z/2026-02"), mayor.get("/api/reports/Q/2026-02")
    assert (there.status, nowhere.status) == (404, 404)
    assert mayor.get("/api/reports/X/..%2f..%2fetc").status == 404


def test_the_printed_head_is_a_checkpoint_that_the_verifier_takes(town: Town, tmp_path: Path) -> None:
    note = town.centre.ledger.checkpoint_note()
    printed = tmp_path / "tete.txt"
    printed.write_bytes(note)
    assert "<svg" in qr_of(note.decode())
    view(town, "cy", "after")
    arguments = ["verify", str(town.centre.ledger.directory), "--key", town.centre.ledger.verifier.encode()]
    run = CliRunner().invoke(ledger_app, [*arguments, "--checkpoint", str(printed)])
    assert run.exit_code == 0, run.output


def test_the_command_draws_it_beside_a_running_centre(town: Town, tmp_path: Path) -> None:
    out = tmp_path / "r.pdf"
    asked = ["month", "--commune", str(X), "--month", "2026-02", "--out", str(out), "--data", str(town.centre.data)]
    run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    assert hashlib.sha256(out.read_bytes()).hexdigest() in run.output
    said = text_of(out.read_bytes())
    assert "1 vue(s) ouverte(s)" in said
    assert "Registre sans témoin" in said, "the witnesses' state as the centre's files have it"
    assert "n'a pas répondu" in said, "no recorder here"


def test_a_stream_that_flaps_leaves_nothing_out_of_either_report(town: Town, tmp_path: Path) -> None:
    """Forty outages of a minute within an hour, where one answer holds seven entries: each is told, also the last."""
    begin_us = Period.month("2026-01").span.from_us + 20 * 1440 * MINUTE_US
    for number in range(40):
        at_us = begin_us + number * 90_000_000
        gap = {"from_us": at_us, "to_us": at_us + MINUTE_US, "cause": "camera_unreachable"}
        kind, end_us = EntryKind.RECORDER, at_us + MINUTE_US
        town.centre.ledger.append(Entry(kind, camera=CameraId("cy"), outcome="gap", at_us=end_us, detail=gap))
    place, out = Place.of(town.centre.registry.facts(), Y), tmp_path / "r.pdf"
    asked = ["month", "--commune", str(Y), "--month", "2026-01", "--out", str(out), "--data", str(town.centre.data)]
    with patch.object(reports, "MOST", 7):
        sheet = reports.sheet_of(town.centre, place, Period.month("2026-01"), None, 0)
        run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    told = "La caméra ne répondait pas sur le réseau."
    assert [one[1:] for one in sheet["outages"]] == [[told, "40", "40 min"]]
    assert f"{told} 40 40 min" in text_of(out.read_bytes())
    with patch.object(reports, "MOST", 1):
        with pytest.raises(TooDenseError):
            reports.sheet_of(town.centre, place, Period.month("2026-01"), None, 0)
        run = CliRunner().invoke(app, asked)
    assert isinstance(run.exception, TooDenseError), "no report, rather than one that leaves some out"


@settings(max_examples=60, deadline=None)
@given(life(A), st.integers(2, 9))
def test_the_figures_are_the_same_however_little_one_answer_holds(acts: list[list[Record]], most: int) -> None:
    """Both ways of drawing ask through `tallied`; a view's cut may come in another part than its opening."""
    place, month = Place.of(facts(), A), Period.month("2026-10")
    cut = [[*several, *(replace(one, kind=EntryKind.VIEW_CUT) for one in several[1:])] for several in acts]
    entries = numbered(cut)
    whole = reports.tallied(place, month, lambda choice: _chosen(entries, choice))
    try:
        with patch.object(reports, "MOST", most), patch.object(choosing, "LEAST_US", 1):
            assert reports.tallied(place, month, lambda choice: _chosen(entries, choice)) == whole
    except TooDenseError:
        instants = Counter((one.camera, one.happened_us) for one in entries)
        assert max(instants.values()) >= most


def test_beside_a_recorder_the_command_has_its_account(town: Town, tmp_path: Path) -> None:
    out, folder = tmp_path / "r.pdf", str(town.centre.data)
    asked = ["month", "--commune", str(X), "--month", "2026-03", "--out", str(out), "--data", folder]
    with answering(town, FakeBooks(wrong={"cx"})):
        run = CliRunner().invoke(app, asked)
    assert run.exit_code == 0, run.output
    said = text_of(out.read_bytes())
    assert "n'a pas répondu" not in said
    assert "Ordonné Enregistré Manquant" in said
    assert "1 anomalie(s)" in said


def test_outages_are_told_by_camera_and_cause_two_streams_counting_once() -> None:
    day = 40 * 1440 * MINUTE_US + START_US
    gaps = [(0, 30), (10, 40), (60, 70)]  # the first two are two streams of one outage
    acts = [
        [record(EntryKind.RECORDER, "mairie", 41 * 1440, outcome="gap",
                detail={"from_us": day + a * MINUTE_US, "to_us": day + b * MINUTE_US, "cause": "camera_unreachable"})]
        for a, b in gaps
    ]  # fmt: skip
    month = Period.month("2026-10")
    tally = Tally(month)
    tally.add(numbered(acts))
    one = tally.outages["mairie", GapCause.CAMERA_UNREACHABLE]
    assert (one.times, one.missing_us) == (2, 50 * MINUTE_US)
    assert Outage([WallRange(0, 5), WallRange(5, 9)]).times == 1
    machine = Machine(
        {"mairie": {"mandated": 3_600_000_000, "gaps": 60_000_000}}, 1, Text(fr="vu", en="seen"), witnessed=True
    )
    head = {"size": 1, "root": "", "note": "n", "command": "c"}
    sheet = report_of(
        Place.of(facts(), A), month, tally, [], machine, head=head, reasons={}, drawn_us=day, today=date(2026, 11, 1)
    )
    assert sheet["outages"] == [["Mairie", "La caméra ne répondait pas sur le réseau.", "2", "50 min"]]
    assert sheet["account"] == [["Mairie", "1 h 00 min", "0", "1 min", "0", "0", "0"]]
    assert "1 anomalie(s)" in sheet["verdict"][0]


def test_a_gap_that_straddles_the_month_counts_for_its_part() -> None:
    month = Period.month("2026-10")
    begin = month.span.from_us
    gap = {"from_us": begin - 3600_000_000, "to_us": begin + 60_000_000, "cause": "odd"}
    tally = Tally(month)
    tally.add(numbered([[record(EntryKind.RECORDER, "mairie", 0, outcome="gap", detail=gap)]]))
    assert tally.outages["mairie", GapCause.UNKNOWN].missing_us == 60_000_000


def test_a_procedure_is_in_no_figure() -> None:
    tally = Tally(Period.month("2026-10"))
    acts = [
        [record(EntryKind.VIEW_OPENED, "mairie", 45 * 1440, act=act, actor="a" * 32)]
        for act in (Act.RELAY, Act.EXTRACT)
    ]
    acts += [[record(EntryKind.DESTRUCTION, "mairie", 45 * 1440, detail={"store": "frozen"})]]
    tally.add(numbered(acts))
    assert (sum(tally.views.values()), tally.files) == (0, 0)


@pytest.mark.parametrize(
    ("us", "told"), [(0, "0"), (1, "0 s"), (59_000_000, "59 s"), (60_000_000, "1 min"), (11_100_000_000, "3 h 05 min")]
)
def test_lengths_of_time(us: int, told: str) -> None:
    assert duration(us) == told
