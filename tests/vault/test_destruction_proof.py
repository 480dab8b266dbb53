"""What a proof says was done, and that it was: the raw files are searched, as a thief would."""

import base64
import json
from pathlib import Path

import pytest
from tests.support.holdworld import DAY_US, hold_world

from beffroi.vault.frozen import FrozenPiece
from beffroi.vault.journal import ActKind
from beffroi.vault.proofs import Cause, FileFate, LogFate, proof_fields, sentences
from beffroi.vault.remanence import Remanence, _file_system, _is_magnetic, remanence
from beffroi.vault.sealing import HOUR_US

FIELDS = ("cause", "hour_key", "sealed_key", "journal", "file", "remanence")


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def forms(sealed: bytes) -> list[bytes]:
    """A sealed key as it might lie somewhere: raw, base64, hexadecimal; and any 16 bytes in a row of it."""
    pieces = [sealed[at : at + 16] for at in range(0, len(sealed) - 15, 8)]
    return [base64.b64encode(sealed), sealed.hex().encode(), *pieces]


def test_no_sealed_key_is_left_anywhere_on_the_recorders_disk(tmp_path: Path) -> None:
    """Database pages, its write-ahead log, files: of what was destroyed, not sixteen bytes in a row; of what was not,
    the file's head alone."""
    world = hold_world(tmp_path)
    start = world.clock.wall_us()
    gone = [world.write(start + n * 60_000_000, seconds=1)[0] for n in range(12)]
    kept = [world.write(start + 5 * HOUR_US + n * 60_000_000, seconds=1)[0] for n in range(12)]
    before = raw(world.root)
    assert all(any(form in before for form in forms(header.sealed_key)) for header in gone), "the search can find"
    database = raw(world.root).replace(raw(world.root / "streams"), b"")
    assert not any(form in database for header in gone for form in forms(header.sealed_key))
    world.go_to(max(world.end_us(header) for header in gone))
    logs: list[int] = []

    def measure(at: str) -> None:
        if at == "overwrite head":
            logs.append((world.root / "catalogue.sqlite-wal").stat().st_size)

    assert world.destroyer(measure).run().destroyed == 12
    assert logs[0] == 0, "the catalogue's log was emptied before the first file went"
    after = raw(world.root)
    found = [form for header in gone for form in forms(header.sealed_key) if form in after]
    assert found == []
    assert all(base64.b64encode(header.sealed_key) in after for header in kept)
    (act, *_) = world.acts(ActKind.DESTRUCTION)
    assert {name: act.fields[name] for name in FIELDS[:5]} == {
        "cause": "term", "hour_key": "elsewhere", "sealed_key": "overwritten", "journal": "truncated",
        "file": "unlinked",
    }  # fmt: skip
    assert act.fields["remanence"] == [item.value for item in remanence(world.root)]


def test_a_frozen_piece_leaves_no_key_behind_either(tmp_path: Path) -> None:
    world = hold_world(tmp_path)
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60_000_000, days=1))
    (path,) = world.pieces(hold)
    with FrozenPiece.open(path) as piece:
        sealed = piece.sealed_key
    assert any(form in raw(world.root / "frozen") for form in forms(sealed))
    world.go_to(start + DAY_US)
    world.freezer.once()
    assert not any(form in raw(world.root) for form in forms(sealed))
    (act,) = world.acts(ActKind.DESTRUCTION)
    assert (act.fields["case_key"], act.fields["store"]) == ("elsewhere", "frozen")


@pytest.mark.parametrize("case", [False, True])
@pytest.mark.parametrize("file", FileFate)
@pytest.mark.parametrize("cause", Cause)
def test_every_proof_is_told_in_both_languages(cause: Cause, file: FileFate, case: bool) -> None:
    for log in LogFate:
        fields = json.loads(json.dumps(proof_fields(cause, file=file, log=log, remains=tuple(Remanence), case=case)))
        assert set(FIELDS) <= set(fields)
        said = sentences(fields)
        assert len(said) == 1 + 3 + case + (log is not LogFate.NONE) + len(Remanence)
        assert all(text.fr.endswith(".") and text.en.endswith(".") for text in said)
        assert len({text.fr for text in said}) == len(said)


def test_what_an_act_of_another_version_does_not_say_is_not_guessed() -> None:
    assert sentences({}) == []
    assert sentences({"cause": "other", "file": 7, "remanence": "ssd", "hour_key": None}) == []
    assert sentences({"remanence": ["ssd", "unknown", 7]}) == sentences({"remanence": ["ssd"]})


def test_a_disk_that_does_not_say_it_is_magnetic_counts_as_an_ssd(tmp_path: Path) -> None:
    found = remanence(tmp_path)
    assert {Remanence.SNAPSHOTS, Remanence.BACKUPS} <= set(found)
    assert (Remanence.SSD in found) != _is_magnetic(tmp_path.stat().st_dev)
    assert Remanence.SSD in remanence(tmp_path / "absent")
    assert _file_system(tmp_path.stat().st_dev) == "" or _file_system(tmp_path.stat().st_dev).isprintable()
