"""The verifier finds what an attacker with the disk, and with the key, can do; and only that."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.register import KEY, ORIGIN, fill, open_ledger, tiles_of, view_entry
from typer.testing import CliRunner

from beffroi.cli.ledger import app
from beffroi.ledger import merkle, tiles
from beffroi.ledger.findings import Finding, FindingKind, Report
from beffroi.ledger.note import Verifier
from beffroi.ledger.proofs import Prover
from beffroi.ledger.tiles import ENTRIES, TileId
from beffroi.ledger.verify import verify

VERIFIER = Verifier(ORIGIN, KEY.public_key())
SIZE = 600
OLD_SIZE = 270


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A register of 600 entries, and the checkpoint that someone kept at 270."""
    folder = tmp_path_factory.mktemp("origin")
    ledger = open_ledger(folder)
    fill(ledger, OLD_SIZE)
    older = ledger.checkpoint_note()
    fill(ledger, SIZE - OLD_SIZE)
    ledger.close()
    return folder, older


@pytest.fixture
def copy(origin: tuple[Path, bytes], tmp_path: Path) -> Path:
    shutil.copytree(origin[0], tmp_path / "copy")
    return tmp_path / "copy"


def run(folder: Path, older: bytes | None = None) -> Report:
    return verify(folder / "ledger", VERIFIER, older=older, payloads=folder / "payloads.sqlite")


def kinds(report: Report) -> set[FindingKind]:
    return {finding.kind for finding in report.findings}


def test_a_whole_register_is_clean(origin: tuple[Path, bytes]) -> None:
    folder, older = origin
    report = run(folder, older)
    assert report.findings == ()
    assert (report.entries, report.payloads_held) == (SIZE, SIZE)
    files = {p.relative_to(folder / "ledger").as_posix() for p in (folder / "ledger").rglob("*") if p.is_file()}
    assert files == {tile.path for tile in tiles_of(SIZE)} | {"checkpoint"}


def bundle(folder: Path, index: int) -> tuple[Path, list[bytes]]:
    width = min(256, SIZE - index * 256)
    path = folder / "ledger" / TileId(ENTRIES, index, width).path
    return path, tiles.decode_bundle(path.read_bytes(), width)


def test_an_edited_entry_is_named(copy: Path) -> None:
    path, entries = bundle(copy, 1)
    entries[10] = entries[10].replace(b'"allow"', b'"deny"')
    path.write_bytes(tiles.encode_bundle(entries))
    assert Finding(FindingKind.ENTRY_EDITED, "266") in run(copy).findings


def test_reordered_entries_are_named(copy: Path) -> None:
    path, entries = bundle(copy, 0)
    entries[3], entries[200] = entries[200], entries[3]
    path.write_bytes(tiles.encode_bundle(entries))
    found = run(copy).findings
    assert Finding(FindingKind.ENTRIES_REORDERED, "3", "200") in found
    assert Finding(FindingKind.ENTRIES_REORDERED, "200", "3") in found


def test_a_deleted_file_is_named(copy: Path, origin: tuple[Path, bytes]) -> None:
    for tile in tiles_of(SIZE):
        path = copy / "ledger" / tile.path
        data = path.read_bytes()
        path.unlink()
        assert tile.path in {f.where for f in run(copy).findings}, tile
        path.write_bytes(data)
    assert run(copy).clean


def test_a_truncated_register_is_found_even_with_all_files_redone_but_the_checkpoint(copy: Path) -> None:
    path, entries = bundle(copy, 2)
    path.write_bytes(tiles.encode_bundle(entries[:-1]))
    assert FindingKind.BUNDLE_MALFORMED in kinds(run(copy))


def test_a_whole_rewriting_without_the_key_breaks_the_root(copy: Path) -> None:
    rewrite(copy, {5: lambda leaf: leaf.replace(b'"allow"', b'"deny"')})
    assert kinds(run(copy)) == {FindingKind.ROOT_MISMATCH}


def rewrite(folder: Path, edits: dict[int, Callable[[bytes], bytes]]) -> None:
    """What root can do without the key: change entries and recompute every tile."""
    leaves = [leaf for index in range(3) for leaf in bundle(folder, index)[1]]
    for index, edit in edits.items():
        leaves[index] = edit(leaves[index])
    hashes = [[merkle.leaf_hash(leaf) for leaf in leaves]]
    hashes.append([merkle.perfect_root(hashes[0][i : i + 256]) for i in (0, 256)])
    for tile in tiles_of(SIZE):
        span = slice(tile.index * 256, tile.index * 256 + tile.width)
        data = tiles.encode_bundle(leaves[span]) if tile.level == ENTRIES else b"".join(hashes[tile.level][span])
        (folder / "ledger" / tile.path).write_bytes(data)


def test_a_rewriting_with_the_key_is_a_fork_for_whoever_kept_a_checkpoint(
    origin: tuple[Path, bytes], tmp_path: Path
) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, SIZE)  # other salts, so another history, signed by the true key
    ledger.close()
    assert run(tmp_path).clean
    assert Finding(FindingKind.FORK, str(OLD_SIZE)) in run(tmp_path, origin[1]).findings


def test_a_rollback_is_found_by_whoever_kept_a_checkpoint(origin: tuple[Path, bytes], tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, OLD_SIZE - 1)
    ledger.close()
    assert run(tmp_path).clean
    assert kinds(run(tmp_path, origin[1])) == {FindingKind.ROLLBACK}


def test_a_checkpoint_put_back_without_its_tiles_shows(copy: Path, origin: tuple[Path, bytes]) -> None:
    (copy / "ledger/checkpoint").write_bytes(origin[1])
    assert {FindingKind.MISSING, FindingKind.BEYOND_CHECKPOINT} <= kinds(run(copy))


def test_every_file_of_the_folder_is_accounted_for(copy: Path) -> None:
    for name in ("note.txt", "tile/0/x000/000", "tile/0/009", "tile/0/000.p/12", ".checkpoint.12", "tile/entries/abc"):
        path = copy / "ledger" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        assert name in {f.where for f in run(copy).findings}, name
        path.unlink()
    (copy / "ledger/tile/0/008").symlink_to("/etc/hostname")
    assert "tile/0/008" in {f.where for f in run(copy).findings}


@pytest.mark.parametrize(
    "name", ["tile/0/000", "tile/entries/001", "tile/entries/002.p/88", "tile/1/000.p/2", "checkpoint", "tile/entries"]
)
def test_a_link_in_place_of_a_file_is_named_though_it_leads_to_the_same(copy: Path, name: str) -> None:
    path = copy / "ledger" / name
    path.rename(copy / "elsewhere")
    path.symlink_to(copy / "elsewhere")
    found = run(copy).findings
    assert Finding(FindingKind.STRAY_FILE, name) in found


def test_a_true_older_partial_tile_is_no_finding(copy: Path) -> None:
    whole = (copy / "ledger/tile/0/000").read_bytes()
    part = copy / "ledger/tile/0/000.p/12"
    part.parent.mkdir()
    part.write_bytes(whole[: 12 * 32])
    assert run(copy).clean
    part.write_bytes(whole[32 : 13 * 32])
    assert kinds(run(copy)) == {FindingKind.TILE_ALTERED}


def test_payloads_beside_are_checked(copy: Path) -> None:
    import sqlite3

    database = sqlite3.connect(copy / "payloads.sqlite")
    first = database.execute("SELECT commitment FROM payload ORDER BY commitment LIMIT 2").fetchall()
    database.execute("UPDATE payload SET body = ? WHERE commitment = ?", (b'{"name":"other"}', first[0][0]))
    database.execute("DELETE FROM payload WHERE commitment = ?", first[1])
    database.commit()
    database.close()
    assert kinds(run(copy)) == {FindingKind.PAYLOAD_ALTERED, FindingKind.PAYLOAD_MISSING}


def test_an_erased_payload_is_no_finding(copy: Path) -> None:
    ledger = open_ledger(copy)
    ledger.expire(2**62)
    ledger.close()
    report = run(copy)
    assert report.clean
    assert report.payloads_erased == SIZE


def test_any_change_of_any_byte_is_found(copy: Path) -> None:
    noise = random.Random(7)  # noqa: S311  a test's dice
    files = sorted(path for path in (copy / "ledger").rglob("*") if path.is_file())
    missed = []
    for _ in range(150):
        path = noise.choice(files)
        data = path.read_bytes()
        bad = bytearray(data)
        match noise.randrange(4):
            case 0:
                bad[noise.randrange(len(bad))] ^= 1 << noise.randrange(8)
            case 1:
                del bad[noise.randrange(len(bad)) :]
            case 2:
                bad.insert(noise.randrange(len(bad)), noise.randrange(256))
            case _:
                at = noise.randrange(len(bad))
                bad[at : at + 40] = b""
        path.write_bytes(bytes(bad))
        if bytes(bad) != data and verify(copy / "ledger", VERIFIER).clean:
            missed.append((path, bytes(bad)))
        path.write_bytes(data)
    assert not missed


def test_proofs_from_the_files(origin: tuple[Path, bytes]) -> None:
    folder = origin[0] / "ledger"
    prover = Prover(folder, SIZE)
    root = prover.root(SIZE)
    for index in (0, 1, 255, 256, 511, 512, 599):
        assert prover.inclusion(index).holds(root)
    for old in (1, 255, 256, 257, 512, 599, 600):
        assert merkle.verify_consistency(old, prover.root(old), SIZE, root, prover.consistency(old))
    with pytest.raises(ValueError, match="outside"):
        prover.inclusion(600)


def test_verifying_while_it_is_written_is_clean(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 100)
    futures = [ledger.submit(view_entry(n)) for n in range(800)]
    reports = [verify(tmp_path / "ledger", ledger.verifier) for _ in range(3)]
    for future in futures:
        future.result(30)
    ledger.close()
    assert all(report.clean for report in reports), [r.findings for r in reports]


def test_the_command_says_it_in_both_languages_and_by_its_exit_code(copy: Path, origin: tuple[Path, bytes]) -> None:
    runner = CliRunner()
    older = copy / "kept-elsewhere"
    older.write_bytes(origin[1])
    folder = str(copy / "ledger")
    good = runner.invoke(app, ["verify", folder, "--key", VERIFIER.encode(), "--checkpoint", str(older)])
    assert good.exit_code == 0, good.output
    assert good.output.startswith("Registre intact")
    weak = runner.invoke(app, ["verify", folder])
    assert "--key" in weak.output
    assert "--checkpoint" in weak.output
    (copy / "ledger/tile/0/000").unlink()
    bad = runner.invoke(app, ["verify", folder, "--json", "--key", VERIFIER.encode()])
    assert bad.exit_code == 1
    report = json.loads(bad.stdout)
    assert report["findings"][0]["where"] == "tile/0/000"
    assert set(report["findings"][0]["text"]) == {"fr", "en"}
    proof = runner.invoke(app, ["prove", folder, "599"])
    assert json.loads(proof.stdout)["index"] == 599
    paper = copy / "proof.json"
    paper.write_text(proof.stdout)
    assert runner.invoke(app, ["check", str(paper), "--key", VERIFIER.encode()]).output.startswith("Prouvé")
    forgeries: list[dict[str, object]] = [{"index": 598}, {"leaf": "{}"}, {"path": []}, {"size": 500}]
    for forged in forgeries:
        paper.write_text(json.dumps({**json.loads(proof.stdout), **forged}))
        assert runner.invoke(app, ["check", str(paper), "--key", VERIFIER.encode()]).exit_code == 1
    assert runner.invoke(app, ["head", folder]).stdout == (copy / "ledger/checkpoint").read_text()
    for wrong in (["verify", folder, "--key", "a+b+c"], ["verify", str(copy / "nowhere"), "--key", "/nowhere"]):
        assert runner.invoke(app, wrong).exit_code == 2
