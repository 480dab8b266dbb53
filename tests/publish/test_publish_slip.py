"""The slip of a delivery as a clerk holds it: what it is, its hashes, its codes; the same statement, the same bytes."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pypdf
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.domain.clock import to_wall_us as us
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.evidence.manifest import Asked, CameraFacts, Case, GapNote, Grounds, Manifest, MediaFile
from beffroi.evidence.onsiterules import Outcome
from beffroi.ledger.note import Checkpoint, sign
from beffroi.publish.onsite_slip import OnsiteSheet, told
from beffroi.publish.registers.report import qr_of
from beffroi.publish.slip import Sealed, sheet_of, slip_pdf

BEGIN_US = 1_772_441_100_000_000  # 2 March 2026, 9:45 in France
ROOT = bytes.fromhex("abcdef1234567890" * 4)
NOTE = sign(Checkpoint("beffroi/centre", 4211, ROOT), Ed25519PrivateKey.from_private_bytes(bytes(32)))
ON = datetime(2026, 3, 3, tzinfo=UTC)
CASE = "D-20260302-01234567"
SEALED = Sealed("ab" * 32, "cd" * 32, 31_415_926, "2026-03-03T10:00:00Z")


def statement(files: int = 3, gaps: int = 2, **more: str) -> Manifest:
    """Three cameras; times a minute apart."""
    cameras = [
        CameraFacts("x-marche", "Place du Marché", "48.12345, 2.12345", "Bourg-Neuf", "maire de Bourg-Neuf", 1_240),
        CameraFacts("y-haute", "Rue Haute", "Rue Haute", "Orville", "maire d'Orville", -300),
        CameraFacts("x-gare", "Gare", "Gare", "Bourg-Neuf", "maire de Bourg-Neuf", None),
    ]
    return Manifest(
        made_us=BEGIN_US + 86_400_000_000,
        software="beffroi 1.0",
        case=Case(
            "D-20260302-01234567", "requisition", "60-1", "PV 2026/114", "gendarmerie", "flagrance", "2026-03-02"
        ),
        requested_by="gendarmerie",
        made_by="agent-7",
        agreed_by="agent-9",
        authority="maire/X, maire/Y",
        decision=Grounds(("CSI-R253-4",), ("requisition/1",), "ef" * 32, 4207),
        cameras=tuple(cameras),
        asked=tuple(Asked(one.id, BEGIN_US, BEGIN_US + 600_000_000) for one in cameras),
        files=tuple(
            MediaFile(
                path=f"media/{cameras[n % 3].id}-{n}.mp4",
                sha256=f"{n:064x}",
                bytes=30_000_000,
                camera=cameras[n % 3].id,
                stream="main",
                codec="avc1.64001F",
                width=1920,
                height=1080,
                from_us=BEGIN_US,
                to_us=BEGIN_US + 600_000_000,
                frames=15_000,
                proof=f"proof/{cameras[n % 3].id}-{n}.json",
            )
            for n in range(files)
        ),
        gaps=tuple(
            GapNote("y-haute", BEGIN_US + n * 60_000_000, BEGIN_US + n * 60_000_000 + 3_000_000, "stream_closed")
            for n in range(gaps)
        ),
        others=(),
        zone="Europe/Paris",
        **more,
    )


def read(pdf: bytes) -> str:
    """Its words, spaces that do not break as spaces."""
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.replace("\u00a0", " ").replace("’", "'").split())


def test_it_says_all_that_a_procedure_needs() -> None:
    text = read(slip_pdf(statement(), on=ON, note=NOTE, sealed=SEALED))
    for word in (
        CASE, "PV 2026/114", "60-1", "gendarmerie", "flagrance", "agent-7", "agent-9",
        "Place du Marché", "x-marche", "48.12345, 2.12345", "Orville", "+1,2 s", "-0,3 s", "non connue",
        "02/03/2026 09:45:00", "02/03/2026 09:55:00", "La caméra a fermé le flux.", "15000", "media/x-marche-0.mp4",
        "inscription n° 4207", "4211 inscriptions", "ab" * 32, "cd" * 32, "31 415 926 octets",
        "Horodatage d'un tiers joint", "sha256sum manifest.json", "beffroi evidence verify", "Signature",
    ):  # fmt: skip
        assert word in text, word


def test_its_codes_hold_the_statement_s_hash_and_the_signed_head() -> None:
    sheet = sheet_of(statement(), NOTE, SEALED)
    assert sheet["sealed"]["qr"] == qr_of("sha256:" + "ab" * 32)
    assert sheet["head"]["qr"] == qr_of(NOTE.decode())
    assert sheet["head"]["root"] == ROOT.hex()


def test_the_copy_inside_the_package_says_where_the_hash_is() -> None:
    text = read(slip_pdf(statement(), on=ON, note=NOTE))
    assert "L'exemplaire papier du centre la porte" in text
    assert "ab" * 32 not in text


def test_the_same_statement_gives_the_same_bytes_and_a_long_one_more_pages() -> None:
    made = [slip_pdf(statement(), on=ON, note=NOTE, sealed=SEALED) for _ in range(2)]
    assert made[0] == made[1]
    long = pypdf.PdfReader(io.BytesIO(slip_pdf(statement(files=120, gaps=150), on=ON, note=NOTE, sealed=SEALED)))
    assert len(long.pages) > len(pypdf.PdfReader(io.BytesIO(made[0])).pages)


@pytest.mark.parametrize("odd", ["#panic()", "$x$ *gras* _a_", "<b>&amp;</b>", "« é » : ! ?", "a" * 400, "\\"])
def test_nothing_of_the_data_is_read_as_markup(odd: str) -> None:
    text = read(slip_pdf(statement(note=odd), on=ON, note=NOTE))
    assert odd.replace(" ", "").replace("\u00a0", "")[:40] in text.replace(" ", "")


@pytest.mark.parametrize("note", [b"", b"x", b"a\nb\nc\n\n"])
def test_a_head_that_cannot_be_read_stops_no_paper(note: bytes) -> None:
    assert "? inscriptions" in read(slip_pdf(statement(), on=ON, note=note))


def test_every_cause_the_date_of_the_title_and_the_authorities_are_said_in_french() -> None:
    causes = [*(one.value for one in GapCause), "lost", "of_a_later_version"]
    made = statement(gaps=0)
    gaps = tuple(GapNote("y-haute", BEGIN_US, BEGIN_US + 3_000_000, cause) for cause in causes)
    sheet = sheet_of(replace(made, gaps=gaps), NOTE)
    told = [row[3] for row in sheet["gaps"]]
    assert len(told) == len(causes)
    assert [one for one in told if "_" in one] == ["of_a_later_version"]
    assert told[0] == GapCause(causes[0]).text.fr
    assert ["Date du titre", "02/03/2026"] in sheet["facts"]
    assert ["Autorité", "maire de Bourg-Neuf, maire d'Orville"] in sheet["facts"]
    for written, shown in (("2026-03-02, 2026-03-04", "02/03/2026, 04/03/2026"), ("hier", "hier"), ("", "")):
        facts = sheet_of(replace(made, case=replace(made.case, date=written)), NOTE)["facts"]
        assert ["Date du titre", shown] in facts


def test_two_minutes_of_the_autumn_night_do_not_print_alike() -> None:
    first, second = (us(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1))
    made = replace(statement(), asked=(Asked("x-marche", first, second),))
    assert sheet_of(made, NOTE)["asked"] == [
        ["Place du Marché", "25/10/2026 02:30:00 (UTC+2)", "25/10/2026 02:30:00 (UTC+1)"]
    ]
    assert "02:30:00 (UTC+2)" in read(slip_pdf(made, on=ON, note=NOTE))


def test_the_hour_that_spring_skips_does_not_seem_to_be_missing() -> None:
    made = replace(
        statement(),
        asked=(
            Asked("x-gare", us(datetime(2026, 3, 29, 0, 59, tzinfo=UTC)), us(datetime(2026, 3, 29, 1, 1, tzinfo=UTC))),
        ),
    )
    assert sheet_of(made, NOTE)["asked"] == [["Gare", "29/03/2026 01:59:00 (UTC+1)", "29/03/2026 03:01:00 (UTC+2)"]]


def test_the_slip_of_a_viewing_tells_the_two_hours_of_the_autumn_night_apart() -> None:
    first, second = (us(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1))
    sheet = OnsiteSheet(
        case=CASE,
        id="v",
        outcome=Outcome.NOTHING,
        cause="",
        investigator="agent",
        service="gendarmerie",
        number="1",
        operator="agent-7",
        post="poste",
        asked_us=first,
        opened_us=second,
        ended_us=us(datetime(2026, 10, 25, 23, 30, tzinfo=UTC)),
        seconds=60,
        package="",
        titles=(("1", "60-1", "flagrance", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),),
        views=(("Gare", "Bourg-Neuf", "maire", first, second, WallRange(first, second), 3),),
        marks=(("Gare", "Bourg-Neuf", first, second),),
        entries=(3,),
        zone="Europe/Paris",
    )
    made, begin, end = told(sheet), "25/10/2026 02:30:00 (UTC+2)", "25/10/2026 02:30:00 (UTC+1)"
    assert made["marks"] == [["Gare", "Bourg-Neuf", begin, end]]
    assert made["titles"][0][3:] == [begin, end]
    assert made["views"][0][3:5] == [f"{begin} – {end}"] * 2
    facts = dict(made["facts"])
    assert (facts["Demandé le"], facts["Confirmé le"]) == (begin, end)
    assert facts["Terminé le"] == "26/10/2026 00:30:00"  # no change on that day: as every other day
