"""The viewer's verifier finds what the first one finds, in every package, forged or torn at random."""

import base64
import os
import random
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from tests.evidence.test_hostile_package import DIRECTORIES, MORE_THAN_FILES, torn_directory
from tests.evidence.test_package import FORGED, ZIPS, nothing, zipped
from tests.support.evidence import TRUST, Made, forge, make_minute, make_package, resign
from tests.support.faultmatrix import run_seed
from tests.support.forgedproof import hostile
from tests.support.secondverifier import SecondVerifier, both, second_verifier

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.gaps import GapCause
from beffroi.evidence.findings import Finding, Kind
from beffroi.evidence.manifest import ZONES
from beffroi.evidence.told import Told, ToldKind
from beffroi.evidence.verify import verify_package
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.note import NoteError, parse_verifier

ROUNDS = int(os.environ.get("BEFFROI_FORGED", "60"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("evidence")
    (root / "streams").mkdir()
    return make_package(root)


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with second_verifier() as started:
        yield started


def test_an_honest_package_is_valid_for_both(made: Made, second: SecondVerifier, tmp_path: Path) -> None:
    assert both(second, made.folder) == "valid"
    assert both(second, zipped(made.folder, tmp_path / "remise.zip")) == "valid"
    report = verify_package(made.folder, TRUST)
    answer = second.verify(made.folder, TRUST)
    assert (answer.raw["files"], answer.raw["frames"]) == (report.files, report.frames)


def test_files_without_a_key_frame_are_whole_and_valid_for_both(second: SecondVerifier, tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    made = make_package(tmp_path, keys=False)
    assert both(second, made.folder) == "valid"
    report = verify_package(made.folder, TRUST)
    assert report.frames == 75 + 75 + 50 + 50, (
        "two files and a run of one camera; of the other, the groups of half a second"
    )
    assert second.verify(made.folder, TRUST).raw["frames"] == report.frames


@pytest.mark.parametrize("name", FORGED)
def test_both_find_the_same_in_a_forged_package(made: Made, second: SecondVerifier, tmp_path: Path, name: str) -> None:
    folder = forge(made, tmp_path / "forged")
    FORGED[name][0](folder)
    assert both(second, folder) != "valid"


@pytest.mark.parametrize("zone", ["Europe/Beffroi", "UTC", "", "europe/paris", "Pacific/Kiritimati"])
def test_a_time_that_is_no_legal_time_of_ours_is_refused(
    made: Made, second: SecondVerifier, tmp_path: Path, zone: str
) -> None:
    folder = forge(made, tmp_path / "forged")
    resign(folder, lambda manifest: manifest.update(zone=zone))
    assert both(second, folder) == "altered"
    assert {one.kind for one in verify_package(folder, TRUST).findings} == {Kind.MANIFEST_MALFORMED}


def test_only_pictures_that_were_verified_are_counted(made: Made, second: SecondVerifier, tmp_path: Path) -> None:
    folder = forge(made, tmp_path / "forged")
    FORGED["a picture changed, all signed again"][0](folder)
    report = verify_package(folder, TRUST)
    bad = {one.where for one in report.findings}
    assert report.frames == sum(file.frames for file in made.manifest.files if file.path not in bad)
    assert report.frames < sum(file.frames for file in made.manifest.files)
    assert second.verify(folder, TRUST).raw["frames"] == report.frames


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ZIPS)
def test_both_find_the_same_in_a_hostile_zip(made: Made, second: SecondVerifier, tmp_path: Path, name: str) -> None:
    path = zipped(made.folder, tmp_path / "remise.zip")
    with zipfile.ZipFile(path, "a") as archive:
        ZIPS[name](archive)
    assert both(second, path) != "valid"


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 1000, b"PK\x05\x06" + bytes(18)])
def test_both_say_what_is_no_package(second: SecondVerifier, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert both(second, tmp_path / "x.zip") == "altered"


@pytest.mark.parametrize("name", [name for name, (_, kind) in DIRECTORIES.items() if kind is Kind.FILE_STRAY])
def test_both_find_the_same_in_a_directory_that_lies(
    made: Made, second: SecondVerifier, tmp_path: Path, name: str
) -> None:
    assert both(second, torn_directory(made, tmp_path / "remise.zip", name)) == "altered"


@pytest.mark.parametrize("name", MORE_THAN_FILES)
def test_both_refuse_a_zip_that_another_program_unpacks_otherwise(
    made: Made, second: SecondVerifier, tmp_path: Path, name: str
) -> None:
    path = zipped(made.folder, tmp_path / "remise.zip")
    raw = bytearray(path.read_bytes())
    MORE_THAN_FILES[name][0](raw)
    path.write_bytes(raw)
    assert both(second, path) == "altered"


def test_a_packed_zip_is_unpacked_by_neither(made: Made, second: SecondVerifier, tmp_path: Path) -> None:
    path = zipped(made.folder, tmp_path / "r.zip", compression=zipfile.ZIP_DEFLATED)
    assert both(second, path) != "valid"


@pytest.mark.parametrize("letter", ["\x85", "\ufeff", "\x1c", "\xa0", "\u3000", "\u180e", "\u200b", "é"])
def test_both_read_the_same_names_in_a_signature(
    made: Made, second: SecondVerifier, tmp_path: Path, letter: str
) -> None:
    """Anybody may add a line of their own to a signed note; what is no name makes it no note, for both."""
    folder = forge(made, tmp_path / "forged")
    with (folder / "manifest.sig").open("ab") as note:
        note.write(f"— n{letter}n {base64.b64encode(bytes(68)).decode()}\n".encode())
    assert both(second, folder) == ("valid" if letter in "é\u180e\u200b" else "altered")


@pytest.mark.parametrize("letter", ["\x85", "\ufeff", "\x1c", "\xa0", "\u3000", "", "\n"])
def test_both_take_the_same_lines_for_a_key(made: Made, second: SecondVerifier, letter: str) -> None:
    line = TRUST.evidence.encode() + letter
    asked = {"evidence": line, "register": TRUST.register.encode(), "witnesses": ""}
    taken = "crashed" not in second.ask(path=str(made.folder), **asked)
    assert taken == (letter in {"", "\n"})
    with nullcontext() if taken else pytest.raises(NoteError):
        parse_verifier(line)


def torn(raw: bytes, chance: random.Random) -> bytes:
    """One hostile change: bits, a cut, a repeat, a number of four bytes, a swap of two stretches."""
    out = bytearray(raw)
    at = chance.randrange(len(out))
    kind = chance.randrange(6)
    if kind == 0:
        out[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del out[at : at + chance.randrange(1, 200)]
    elif kind == 2:
        out[at:at] = out[at : at + chance.randrange(1, 200)]
    elif kind == 3:
        out[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1", b"\x7f\xff\xff\xff"))
    elif kind == 4:
        digits = [n for n, letter in enumerate(out) if letter in b"0123456789"]
        out[chance.choice(digits or [at])] = chance.choice(b'0123456789-.eE"[{')
    else:
        del out[at:]
    return bytes(out)


@pytest.mark.parametrize("signed", [False, True], ids=["as it is", "all signed again"])
def test_both_agree_on_whatever_is_torn(made: Made, second: SecondVerifier, tmp_path: Path, signed: bool) -> None:
    seed = run_seed()
    chance = random.Random(f"{seed}/{signed}")  # noqa: S311  choice of cases
    folder = forge(made, tmp_path / "forged")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    inner = [path for path in files if not path.name.startswith("manifest")]
    found: dict[str, int] = {}
    longest = 0.0
    for number in range(ROUNDS):
        path = chance.choice(inner if signed else files)
        kept = path.read_bytes()
        path.write_bytes(torn(kept, chance))
        changed = path.read_bytes() != kept
        if signed:
            resign(folder, nothing)
        start = time.monotonic()
        verdict = both(second, folder)
        longest = max(longest, time.monotonic() - start)
        harmless = not changed or (signed and path.name in {"LISEZMOI.txt", "keys.txt"})
        assert verdict != "valid" or harmless, (seed, number, path.name)
        found[verdict] = found.get(verdict, 0) + 1
        path.write_bytes(kept)
        for name in ("manifest.json", "manifest.sig"):
            shutil.copyfile(made.folder / name, folder / name)
    said = f"{ROUNDS} torn packages, seed {seed}: {found}, longest {longest:.2f} s for both"
    print(f"\n[second verifier] {said}")  # noqa: T201  a figure is printed


def test_both_agree_on_proofs_that_their_forger_proved_anew(made: Made, second: SecondVerifier, tmp_path: Path) -> None:
    seed = run_seed()
    chance = random.Random(f"{seed}/anew")  # noqa: S311  choice of cases
    folder = forge(made, tmp_path / "forged")
    path = folder / "proof" / "place-mairie-1.json"
    kept = path.read_bytes()
    for number in range(ROUNDS):
        done = hostile(path, chance)
        resign(folder, nothing)
        try:
            assert both(second, folder) != "valid" or path.read_bytes() == kept
        except Exception as error:
            raise AssertionError(f"seed {seed}, number {number}: {done}") from error
        path.write_bytes(kept)


def test_a_minute_of_4_mbit_s_in_both(second: SecondVerifier, tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    folder = make_minute(tmp_path)
    start = time.process_time()
    report = verify_package(folder, TRUST)
    first_s = time.process_time() - start
    answer = second.verify(folder, TRUST)
    assert (report.verdict.value, answer.verdict) == ("valid", "valid")
    megabytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    said = (
        f"one minute of 4 Mbit/s ({megabytes:.0f} MB): Python {first_s:.2f} s, JavaScript {answer.raw['seconds']:.2f} s"
    )
    print(f"\n[evidence] {said}")  # noqa: T201  a figure is printed


def test_the_closed_lists_are_the_same(second: SecondVerifier) -> None:
    lists = second.ask()
    for kind in Kind:
        told = lists["sentences"].pop(kind.value)
        assert Finding(kind, "{where}", "{detail}").text.as_dict() == told
    assert lists["sentences"] == {}
    for told in ToldKind:
        assert Told(told, "{detail}").text.as_dict() == lists["told"].pop(told.value)
    assert lists["told"] == {}
    assert lists["causes"] == {cause.value: cause.text.as_dict() for cause in GapCause}
    assert set(lists["lists"].pop("ZONES")) == ZONES <= available_timezones()
    enums = {"ENTRY_KINDS": EntryKind, "ACTS": Act, "PURPOSES": Purpose, "VERDICTS": Verdict, "GAP_CAUSES": GapCause}
    for name, kinds in enums.items():
        assert set(lists["lists"][name]) == {one.value for one in kinds}, f"console/evidence/verify/lists.ts: {name}"
