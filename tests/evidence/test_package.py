"""An honest package is valid; whatever is changed in it, by whoever, it is never valid again."""

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.commands import run
from tests.support.evidence import EVIDENCE, PLACE, REGISTER, TRUST, Made, forge, make_package, resign
from tests.support.faultmatrix import run_seed

from beffroi.evidence.findings import Kind, Report, Verdict
from beffroi.evidence.told import ToldKind
from beffroi.evidence.verify import verify_package
from beffroi.ledger import canonical
from beffroi.media.parse import sample_bytes
from beffroi.media.repair import iterate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("evidence")
    (root / "streams").mkdir()
    return make_package(root)


def check(folder: Path) -> Report:
    return verify_package(folder, TRUST)


def kinds(folder: Path) -> set[Kind]:
    return {finding.kind for finding in check(folder).findings}


def nothing(_: dict[str, Any]) -> None:
    """No change."""


def test_an_honest_package_is_valid(made: Made) -> None:
    report = check(made.folder)
    assert report.findings == ()
    assert report.verdict is Verdict.VALID
    assert [one.kind for one in report.told] == [ToldKind.NO_WITNESS, ToldKind.NO_TIMESTAMP]
    assert [file.path for file in made.manifest.files] == [
        "media/gare-1.mp4", "media/place-mairie-1.mp4", "media/place-mairie-2.mp4"
    ]  # fmt: skip


def test_its_pictures_are_those_recorded_bit_for_bit(made: Made) -> None:
    recorded = [*made.chunks[0].frames, *made.chunks[1].frames]
    raw = (made.folder / "media" / "place-mairie-1.mp4").read_bytes()
    found = [
        sample_bytes(raw, fragment, sample, None)
        for fragment, _ in iterate(raw)
        if fragment is not None
        for sample in fragment.samples
    ]
    assert found == [frame.data for frame in recorded]


def test_a_zip_of_it_is_as_good(made: Made, tmp_path: Path) -> None:
    assert check(zipped(made.folder, tmp_path / "remise.zip")).verdict is Verdict.VALID


def zipped(folder: Path, to: Path, *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(to, "w", compression) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())
    return to


def test_any_flipped_byte_is_found_and_its_file_named(made: Made, tmp_path: Path) -> None:
    seed = run_seed()
    chance = random.Random(seed)  # noqa: S311  choice of cases
    folder = forge(made, tmp_path / "forged")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in [*files, *chance.choices(files, k=40)]:
        kept = path.read_bytes()
        raw = bytearray(kept)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(raw))
        report = check(folder)
        assert report.verdict is not Verdict.VALID, (path.name, seed)
        name = path.relative_to(folder).as_posix()
        if not name.startswith("manifest"):
            assert name in {finding.where for finding in report.findings}, (name, report.findings)
        path.write_bytes(kept)


def _entry(statement: dict[str, Any], name: str) -> dict[str, Any]:
    found = [item for item in statement["files"] if item["path"] == name]
    return dict(found[0]) if not found else found[0]


FIRST = "media/place-mairie-1.mp4"


def _flip_picture(folder: Path) -> None:
    path = folder / FIRST
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    resign(folder, nothing)


def _swap_files(folder: Path) -> None:
    one, two = folder / FIRST, folder / "media" / "gare-1.mp4"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    resign(folder, nothing)


def _swap_files_and_proofs(folder: Path) -> None:
    _swap_files(folder)
    one, two = folder / "proof" / "place-mairie-1.json", folder / "proof" / "gare-1.json"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    resign(folder, nothing)


def _drop_gap(folder: Path) -> None:
    resign(folder, lambda statement: statement["gaps"].clear())


def _drop_file(folder: Path) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["files"] = [item for item in statement["files"] if item["path"] != "media/place-mairie-2.mp4"]
        statement["others"] = [item for item in statement["others"] if item["path"] != "proof/place-mairie-2.json"]

    (folder / "media" / "place-mairie-2.mp4").unlink()
    (folder / "proof" / "place-mairie-2.json").unlink()
    resign(folder, change)


def _other_camera(folder: Path) -> None:
    def change(statement: dict[str, Any]) -> None:
        _entry(statement, "media/gare-1.mp4")["camera"] = PLACE

    resign(folder, change)


def _wider(folder: Path) -> None:
    def change(statement: dict[str, Any]) -> None:
        statement["asked"][0]["to_us"] -= 5_000_000

    resign(folder, change)


def _other_camera_asked(folder: Path) -> None:
    """The station's pictures handed over as asked of the square: the statement agrees with itself."""

    def change(statement: dict[str, Any]) -> None:
        _entry(statement, "media/gare-1.mp4")["camera"] = PLACE
        statement["asked"][1]["camera"] = PLACE

    resign(folder, change)


def _narrower(folder: Path) -> None:
    """More than was asked, the statement and the proofs agreeing that it was not."""

    def change(statement: dict[str, Any]) -> None:
        statement["asked"][0]["to_us"] -= 5_000_000
        asked = [statement["asked"][0][end] for end in ("from_us", "to_us")]
        for path in (folder / "proof").glob("place-mairie-*.json"):
            path.write_bytes(canonical.dump(json.loads(path.read_bytes()) | {"asked": asked}))

    resign(folder, change)


def _other_decision(folder: Path) -> None:
    """The statement rests on an entry whose proof is not in the package."""

    def change(statement: dict[str, Any]) -> None:
        statement["decision"]["entry"] = 0

    resign(folder, change)


def _other_entry(folder: Path) -> None:
    """The statement rests on an entry that is in the register, and is no decision to hand over."""

    def change(statement: dict[str, Any]) -> None:
        statement["decision"]["entry"] = json.loads((folder / "proof" / "log.json").read_bytes())["entries"][0]["index"]

    resign(folder, change)


def _other_grounds(name: str, value: Any) -> Callable[[Path], None]:
    def change(statement: dict[str, Any]) -> None:
        statement["decision"][name] = value

    return lambda folder: resign(folder, change)


def _no_decision_for_one(folder: Path) -> None:
    """The decision on the second camera left out."""
    _log(folder, lambda found: found["entries"].pop())


def _edit_list(folder: Path) -> None:
    path = folder / "media" / "gare-1.mp4"
    raw = path.read_bytes()
    at = raw.index(b"elst") + 20
    path.write_bytes(raw[:at] + (0).to_bytes(8, "big") + raw[at + 8 :])
    resign(folder, nothing)


def _durations(folder: Path) -> None:
    path = folder / FIRST
    raw = bytearray(path.read_bytes())
    at = raw.index(b"trun") + 16
    raw[at : at + 4] = (7200).to_bytes(4, "big")
    path.write_bytes(bytes(raw))
    resign(folder, nothing)


def _log(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "proof" / "log.json"
    found = json.loads(path.read_bytes())
    change(found)
    path.write_bytes(canonical.dump(found))
    resign(folder, nothing)


def _silent(folder: Path) -> None:
    _log(folder, lambda found: found["entries"].pop(1))


def _edited_entry(folder: Path) -> None:
    def change(found: dict[str, Any]) -> None:
        found["entries"][0]["leaf"] = found["entries"][0]["leaf"].replace("chunk_closed", "chunk_closee")

    _log(folder, change)


def _other_index(folder: Path) -> None:
    def change(found: dict[str, Any]) -> None:
        found["entries"][0]["index"] += 1

    _log(folder, change)


def _stray(folder: Path) -> None:
    (folder / "media" / "more.mp4").write_bytes(b"more")


def _symlink(folder: Path) -> None:
    (folder / "media" / "gare-1.mp4").unlink()
    (folder / "media" / "gare-1.mp4").symlink_to("/etc/hostname")


def _other_key(folder: Path) -> None:
    resign(folder, nothing, Ed25519PrivateKey.generate())


def _unsigned(folder: Path) -> None:
    (folder / "manifest.sig").unlink()


def _huge_statement(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"[" * (5 << 20))


def _deep_statement(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b'{"a":' * 20_000)


def _spelling(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(json.dumps(json.loads(path.read_bytes())).encode())


def _huge_proof(folder: Path) -> None:
    (folder / "proof" / "gare-1.json").write_bytes(b'{"format":1,"chunks":[' + b"{}," * 100_000 + b"{}]}")
    resign(folder, nothing)


def _line_spelling(folder: Path) -> None:
    """True spelt 0x41: the same line of the index, in other bytes."""
    path = folder / "proof" / "gare-1.json"
    proof = json.loads(path.read_bytes())
    entry = proof["fragments"][0]["entry"]
    proof["fragments"][0]["entry"] = entry[:72] + "41" + entry[74:]
    path.write_bytes(canonical.dump(proof))
    resign(folder, nothing)


def _stated(name: str, value: Any) -> Callable[[Path], None]:
    """The statement says something else of a file than its pictures."""

    def change(statement: dict[str, Any]) -> None:
        one = _entry(statement, FIRST)
        one[name] = value if isinstance(value, str) else one[name] + value

    return lambda folder: resign(folder, change)


def _named_twice(folder: Path) -> None:
    """A file named twice: its pictures would be counted twice."""

    def change(statement: dict[str, Any]) -> None:
        statement["files"].append(dict(_entry(statement, FIRST)))

    resign(folder, change)


NOTE_US = 290_000


def _untold_notes(folder: Path, length_us: int) -> None:
    """The second run of the square taken out, and "gap" notes each 290 ms instead: none of them tells the hole."""

    def change(statement: dict[str, Any]) -> None:
        gap = statement["gaps"][0]
        end_us = statement["asked"][0]["to_us"]
        starts = range(gap["to_us"] + NOTE_US, end_us, NOTE_US)
        statement["gaps"] += [gap | {"from_us": at, "to_us": min(end_us, at + length_us)} for at in starts]

    _drop_file(folder)
    resign(folder, change)


def _empty_notes(folder: Path) -> None:
    _untold_notes(folder, 0)


def _tiny_notes(folder: Path) -> None:
    _untold_notes(folder, 1)


def _backward_note(folder: Path) -> None:
    def change(statement: dict[str, Any]) -> None:
        gap = statement["gaps"][0]
        gap["from_us"], gap["to_us"] = gap["to_us"], gap["from_us"]

    resign(folder, change)


def _holes_between_notes(folder: Path) -> None:
    """In the told gap, 101 ms told then 299 ms untold, and so on: each hole is short, their sum is not."""

    def change(statement: dict[str, Any]) -> None:
        gap = statement["gaps"][0]
        starts = range(gap["from_us"], gap["to_us"], 400_000)
        statement["gaps"] = [gap | {"from_us": at, "to_us": at + 101_000} for at in starts]

    resign(folder, change)


def _asked_in_pieces(folder: Path) -> None:
    """The minutes asked cut into pieces shorter than what may stay untold, and no gap told."""

    def change(statement: dict[str, Any]) -> None:
        (gap,) = statement["gaps"]
        starts = range(gap["from_us"], gap["to_us"], NOTE_US)
        pieces = [(at, min(gap["to_us"], at + NOTE_US)) for at in starts]
        asked = statement["asked"]
        asked += [{"camera": PLACE, "from_us": start, "to_us": end} for start, end in pieces]
        asked += [{"camera": PLACE, "from_us": gap["to_us"], "to_us": asked[0]["to_us"]}]
        asked[0]["to_us"] = gap["from_us"]
        statement["gaps"] = []
        for file, one in zip(statement["files"][1:], (asked[0], asked[-1]), strict=True):
            path = folder / file["proof"]
            proof = json.loads(path.read_bytes()) | {"asked": [one["from_us"], one["to_us"]]}
            path.write_bytes(canonical.dump(proof))

    resign(folder, change)


FORGED: dict[str, tuple[Callable[[Path], None], set[Kind]]] = {
    "a picture changed, all signed again": (_flip_picture, {Kind.FRAMES_ALTERED}),
    "two files swapped, all signed again": (_swap_files, {Kind.FRAMES_ALTERED, Kind.HEAD_ALTERED}),
    "two files and proofs swapped": (_swap_files_and_proofs, {Kind.OUT_OF_SCOPE}),
    "a gap note removed": (_drop_gap, {Kind.GAP_UNTOLD}),
    "a file left out": (_drop_file, {Kind.GAP_UNTOLD}),
    "gap notes of no length": (_empty_notes, {Kind.MANIFEST_MALFORMED}),
    "a gap note that ends before it begins": (_backward_note, {Kind.MANIFEST_MALFORMED}),
    "tiny gap notes each 290 ms": (_tiny_notes, {Kind.GAP_UNTOLD}),
    "many holes of 299 ms": (_holes_between_notes, {Kind.GAP_UNTOLD}),
    "the minutes asked cut into short pieces": (_asked_in_pieces, {Kind.GAP_UNTOLD}),
    "more pictures told than there are": (_stated("frames", 1000), {Kind.STATEMENT_WRONG}),
    "an earlier beginning told": (_stated("from_us", -3_600_000_000), {Kind.STATEMENT_WRONG}),
    "a later end told": (_stated("to_us", 3_600_000_000), {Kind.STATEMENT_WRONG}),
    "another size told": (_stated("bytes", 1), {Kind.STATEMENT_WRONG}),
    "a wider picture told": (_stated("width", 1), {Kind.STATEMENT_WRONG}),
    "a higher picture told": (_stated("height", 1), {Kind.STATEMENT_WRONG}),
    "another codec told": (_stated("codec", "avc1.640028x"), {Kind.STATEMENT_WRONG}),
    "a file named twice": (_named_twice, {Kind.MANIFEST_MALFORMED}),
    "another camera's name": (_other_camera, {Kind.OUT_OF_SCOPE}),
    "asked for less than given": (_wider, {Kind.OUT_OF_SCOPE}),
    "asked for less than given, proofs made to agree": (_narrower, {Kind.OUT_OF_SCOPE}),
    "another camera's pictures as if asked": (_other_camera_asked, {Kind.OUT_OF_SCOPE}),
    "a decision that the register does not show": (_other_decision, {Kind.REGISTER_SILENT}),
    "a decision that is none": (_other_entry, {Kind.DECISION_SILENT}),
    "other rules than were applied": (_other_grounds("rules", ["R2"]), {Kind.STATEMENT_WRONG}),
    "another requisition than was relied upon": (_other_grounds("documents", []), {Kind.STATEMENT_WRONG}),
    "other law than was in force": (_other_grounds("rule_set", "1" * 64), {Kind.STATEMENT_WRONG}),
    "a camera that nobody decided on": (_no_decision_for_one, {Kind.DECISION_SILENT}),
    "beginning shown that was hidden": (_edit_list, {Kind.HEAD_ALTERED}),
    "durations changed": (_durations, {Kind.FRAMES_ALTERED}),
    "an entry of the register left out": (_silent, {Kind.REGISTER_SILENT}),
    "an entry of the register edited": (_edited_entry, {Kind.REGISTER_WRONG}),
    "an entry of the register moved": (_other_index, {Kind.REGISTER_WRONG}),
    "a stray file": (_stray, {Kind.FILE_STRAY}),
    "a link instead of a file": (_symlink, {Kind.FILE_MISSING, Kind.FILE_STRAY}),
    "another key": (_other_key, {Kind.KEY_UNKNOWN}),
    "no signature": (_unsigned, {Kind.SIGNATURE_MISSING}),
    "a huge statement": (_huge_statement, {Kind.MANIFEST_MISSING}),
    "a deep statement": (_deep_statement, {Kind.MANIFEST_MALFORMED}),
    "another spelling": (_spelling, {Kind.MANIFEST_MALFORMED}),
    "a line of the index in another spelling": (_line_spelling, {Kind.PROOF_MALFORMED}),
    "a huge proof": (_huge_proof, {Kind.PROOF_MALFORMED}),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_package_is_never_valid(made: Made, tmp_path: Path, name: str) -> None:
    folder = forge(made, tmp_path / "forged")
    change, expected = FORGED[name]
    change(folder)
    report = check(folder)
    assert report.verdict is not Verdict.VALID
    assert expected <= {finding.kind for finding in report.findings}, report.findings
    assert all(finding.text.fr and finding.text.en for finding in report.findings)


def test_an_incomplete_one_is_told_from_an_altered_one(made: Made, tmp_path: Path) -> None:
    folder = forge(made, tmp_path / "forged")
    _silent(folder)
    assert check(folder).verdict is Verdict.INCOMPLETE


ZIPS = {
    "slip": lambda archive: archive.writestr("../../etc/cron.d/x", "x"),
    "absolute": lambda archive: archive.writestr("/etc/x", "x"),
    "twice": lambda archive: archive.writestr("manifest.json", "{}"),
    "hidden": lambda archive: archive.writestr(".x", "x"),
    "backslash": lambda archive: archive.writestr("media\\x.mp4", "x"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ZIPS)
def test_a_hostile_zip_is_never_valid(made: Made, tmp_path: Path, name: str) -> None:
    path = zipped(made.folder, tmp_path / "remise.zip")
    with zipfile.ZipFile(path, "a") as archive:
        ZIPS[name](archive)
    assert Kind.FILE_STRAY in kinds(path)


def test_a_packed_zip_is_not_unpacked(made: Made, tmp_path: Path) -> None:
    assert check(zipped(made.folder, tmp_path / "r.zip", compression=zipfile.ZIP_DEFLATED)).verdict is not Verdict.VALID


@pytest.mark.parametrize("content", [b"", b"PK", b"\x00" * 1000, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_package_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert kinds(tmp_path / "x.zip") == {Kind.MANIFEST_MISSING}


def test_the_command_says_it_and_exits_by_it(made: Made, tmp_path: Path) -> None:
    keys = ("--key", EVIDENCE.encode(), "--register", REGISTER.encode())
    strong = run("evidence", "verify", str(made.folder), *keys)
    assert (strong.code, "VALIDE : " in strong.output) == (0, True)
    weak = run("evidence", "verify", str(made.folder))
    assert weak.code == 0
    assert weak.output.startswith("COHÉRENTE, CLÉS NON VÉRIFIÉES : ")
    assert "VALIDE" not in weak.output
    assert "par un autre moyen" in weak.output
    folder = forge(made, tmp_path / "forged")
    _silent(folder)
    assert run("evidence", "verify", str(folder), *keys).code == 3
    _flip_picture(folder)
    told = run("evidence", "verify", str(folder), *keys, "--json")
    assert (told.code, json.loads(told.output)["verdict"]) == (1, "altered")
    assert json.loads(told.output)["keys_from_package"] is False
    assert json.loads(run("evidence", "verify", str(folder), "--json").output)["keys_from_package"] is True
    wrong = run("evidence", "verify", str(folder), "--key", "nonsense+", "--register", "x+")
    assert (wrong.code, "ne se lit pas" in wrong.output) == (2, True)
    nowhere = run("evidence", "verify", str(tmp_path / "none"), *keys)
    assert (nowhere.code, "Impossible de lire" in nowhere.output) == (2, True)
