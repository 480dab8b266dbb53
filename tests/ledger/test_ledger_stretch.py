"""A day of the register verified without the rest: clean when honest, each change inside it named."""

import json
import random
import shutil
from pathlib import Path

import pytest
from tests.support.faultmatrix import run_seed
from typer.testing import CliRunner

from beffroi.cli.ledger import app
from beffroi.ledger import tiles
from beffroi.ledger.findings import FindingKind, Report
from beffroi.ledger.note import Verifier
from beffroi.ledger.sample import FolderTakenError, write_sample
from beffroi.ledger.stretch import Stretch, verify_stretch
from beffroi.ledger.tiles import ENTRIES, TileId
from beffroi.ledger.verify import verify

SIZE = 70_000
ENDS_US = 1_790_000_000_000_000
DAY_US = 86_400 * 1_000_000


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verifier]:
    """70 000 entries: two whole tiles of the second row, and a growing edge in each row."""
    folder = tmp_path_factory.mktemp("sample") / "register"
    return folder, write_sample(folder, SIZE, ends_us=ENDS_US)


@pytest.fixture
def copy(honest: tuple[Path, Verifier], tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest[0], tmp_path / "register"))


def day(folder: Path, verifier: Verifier, ago: int) -> Report:
    from_us = ENDS_US - (ago + 1) * DAY_US
    return verify_stretch(folder, verifier, Stretch(from_us=from_us, to_us=from_us + DAY_US))


def test_an_honest_sample_is_clean_for_both_verifiers(honest: tuple[Path, Verifier]) -> None:
    folder, verifier = honest
    whole = verify(folder, verifier)
    assert (whole.findings, whole.entries) == ((), SIZE)
    for ago in (0, 1, 100, 364, 500):
        report = day(folder, verifier, ago)
        assert report.findings == ()
        assert ago >= 365 or 191 < report.entries < 191 + 6 * 256


def test_a_day_holds_all_its_entries(honest: tuple[Path, Verifier]) -> None:
    folder, verifier = honest
    report = verify_stretch(folder, verifier, Stretch(first=1000, end=1300))
    assert report.clean
    assert report.entries == 3 * 256
    assert verify_stretch(folder, verifier, Stretch()).entries == SIZE


def _edit(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(bytes(raw))


def test_any_flipped_byte_of_the_stretch_is_found(honest: tuple[Path, Verifier], copy: Path) -> None:
    _, verifier = honest
    seed = run_seed()
    chance = random.Random(seed)  # noqa: S311  choice of cases
    last = SIZE // 256
    for _ in range(60):
        bundle = chance.choice([0, last, chance.randrange(last)])
        tile = TileId(ENTRIES, bundle, min(256, SIZE - bundle * 256))
        path = copy / tile.path
        kept = path.read_bytes()
        _edit(path, chance.randrange(len(kept)))
        report = verify_stretch(copy, verifier, Stretch(first=bundle * 256, end=bundle * 256 + 1))
        assert not report.clean, (bundle, seed)
        path.write_bytes(kept)


def test_an_edited_entry_is_named_and_other_days_stay_clean(honest: tuple[Path, Verifier], copy: Path) -> None:
    _, verifier = honest
    path = copy / TileId(ENTRIES, 100).path
    entries = tiles.decode_bundle(path.read_bytes(), 256)
    entries[7] = entries[7].replace(b'"view_ended"', b'"view_cut"')
    path.write_bytes(tiles.encode_bundle(entries))
    report = verify_stretch(copy, verifier, Stretch(first=25_600, end=25_601))
    assert [(f.kind, f.where) for f in report.findings] == [(FindingKind.ENTRY_EDITED, "25607")]
    assert verify_stretch(copy, verifier, Stretch(first=26_000, end=30_000)).clean


def test_hash_files_rewritten_to_match_do_not_help(honest: tuple[Path, Verifier], copy: Path) -> None:
    from beffroi.ledger import merkle

    _, verifier = honest
    path = copy / TileId(ENTRIES, 5).path
    entries = tiles.decode_bundle(path.read_bytes(), 256)
    entries[0], entries[1] = entries[1], entries[0]
    path.write_bytes(tiles.encode_bundle(entries))
    row = [merkle.leaf_hash(entry) for entry in entries]
    (copy / TileId(0, 5).path).write_bytes(b"".join(row))
    above = copy / TileId(1, 0).path
    raw = bytearray(above.read_bytes())
    raw[5 * 32 : 6 * 32] = merkle.perfect_root(row)
    above.write_bytes(bytes(raw))
    assert not verify_stretch(copy, verifier, Stretch(first=5 * 256, end=6 * 256)).clean
    assert not verify(copy, verifier).clean


@pytest.mark.parametrize("level", [0, 1])
def test_a_damaged_hash_file_is_named(honest: tuple[Path, Verifier], copy: Path, level: int) -> None:
    _, verifier = honest
    _edit(copy / TileId(level, 0).path, 3)
    report = verify_stretch(copy, verifier, Stretch(first=0, end=1))
    assert FindingKind.TILE_ALTERED in {finding.kind for finding in report.findings}
    assert TileId(level, 0).path in {finding.where for finding in report.findings}


def test_missing_and_torn_files_are_named(honest: tuple[Path, Verifier], copy: Path) -> None:
    _, verifier = honest
    (copy / TileId(ENTRIES, 9).path).unlink()
    torn = copy / TileId(ENTRIES, 10).path
    torn.write_bytes(torn.read_bytes()[:-5])
    kinds = [f.kind for f in verify_stretch(copy, verifier, Stretch(first=9 * 256, end=11 * 256)).findings]
    assert kinds == [FindingKind.MISSING, FindingKind.BUNDLE_MALFORMED]


def test_an_older_checkpoint_finds_another_history(honest: tuple[Path, Verifier], tmp_path: Path) -> None:
    folder, verifier = honest
    other = tmp_path / "other"
    write_sample(other, 10, ends_us=ENDS_US)
    older = (other / "checkpoint").read_bytes()
    report = verify_stretch(folder, verifier, Stretch(end=1), older=older)
    assert {finding.kind for finding in report.findings} == {FindingKind.OLD_CHECKPOINT_REFUSED}


def test_a_sample_never_mixes_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("kept")
    with pytest.raises(FolderTakenError):
        write_sample(tmp_path, 3, ends_us=ENDS_US)
    assert (tmp_path / "something").read_text() == "kept"


def test_the_command_writes_verifies_and_finds(tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(app, ["sample", str(tmp_path / "r"), "--entries", "600", "--json"])
    key = json.loads(made.output)["key"]
    assert runner.invoke(app, ["verify", str(tmp_path / "r")]).exit_code == 0
    assert runner.invoke(app, ["verify", str(tmp_path / "r"), "--key", key, "--day", "2020-01-01"]).exit_code == 0
    soon = runner.invoke(app, ["verify", str(tmp_path / "r"), "--day", "soon"])
    assert soon.exit_code == 2
    assert "YYYY-MM-DD" in soon.stderr
    _edit(tmp_path / "r" / TileId(ENTRIES, 0).path, 40)
    found = runner.invoke(app, ["verify", str(tmp_path / "r"), "--json", "--day", "2000-01-01"])
    assert found.exit_code == 1
