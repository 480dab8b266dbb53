"""The tampering drill, as one table: each attack, what its author holds, and who finds it. All of them, each time."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from tests.support.register import KEY, ORIGIN, fill, open_ledger, tiles_of
from typer.testing import CliRunner

from beffroi.cli.ledger import app
from beffroi.domain.clock import ManualClock
from beffroi.ledger import merkle, tiles
from beffroi.ledger.findings import FindingKind
from beffroi.ledger.note import Checkpoint, Verifier, sign
from beffroi.ledger.proofs import Prover
from beffroi.ledger.tiles import ENTRIES, TileId
from beffroi.ledger.verify import verify
from beffroi.ledger.witness import Witness, request_of

VERIFIER = Verifier(ORIGIN, KEY.public_key())
OLD, SIZE = 400, 600
Attack = Callable[[Path, list[bytes]], None]


def leaves_of(folder: Path) -> list[bytes]:
    found: list[bytes] = []
    for index in range(-(-SIZE // 256)):
        width = min(256, SIZE - index * 256)
        found += tiles.decode_bundle((folder / TileId(ENTRIES, index, width).path).read_bytes(), width)
    return found


def lay(folder: Path, leaves: list[bytes], key: Ed25519PrivateKey | None) -> None:
    """Every file made anew from these leaves, and the checkpoint too with a key: what root can do."""
    note = (folder / "checkpoint").read_bytes()
    shutil.rmtree(folder / "tile")
    hashes = [[merkle.leaf_hash(leaf) for leaf in leaves]]
    hashes.append([merkle.perfect_root(hashes[0][at : at + 256]) for at in range(0, len(leaves) // 256 * 256, 256)])
    for tile in tiles_of(len(leaves)):
        span = slice(tile.index * 256, tile.index * 256 + tile.width)
        data = tiles.encode_bundle(leaves[span]) if tile.level == ENTRIES else b"".join(hashes[tile.level][span])
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if key is not None:
        note = sign(Checkpoint(ORIGIN, len(leaves), Prover(folder, len(leaves)).root(len(leaves))), key)
    (folder / "checkpoint").write_bytes(note)


def deleted(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:123], *leaves[124:]]


def edited(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:123], leaves[123].replace(b'"allow"', b'"deny"'), *leaves[124:]]


def reordered(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:10], leaves[300], *leaves[11:300], leaves[10], *leaves[301:]]


def truncated(leaves: list[bytes]) -> list[bytes]:
    return leaves[:-50]


def forked(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:399], *leaves[400:], leaves[399]]


def rolled_back(leaves: list[bytes]) -> list[bytes]:
    return leaves[:300]


CHANGES = {one.__name__: one for one in (deleted, edited, reordered, truncated, forked)}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes, list[bytes]]:
    """The register, the checkpoint kept elsewhere (witness, printed QR), the head, the proof between the two."""
    folder = tmp_path_factory.mktemp("honest")
    ledger = open_ledger(folder)
    fill(ledger, OLD)
    older = ledger.checkpoint_note()
    fill(ledger, SIZE - OLD)
    head = ledger.checkpoint_note()
    ledger.close()
    return folder / "ledger", older, head, Prover(folder / "ledger", SIZE).consistency(OLD)


@pytest.mark.parametrize("hand", ["files alone", "another key"])
@pytest.mark.parametrize("change", CHANGES)
def test_without_the_key_the_verifier_alone_finds_it(
    honest: tuple[Path, bytes, bytes, list[bytes]], tmp_path: Path, change: str, hand: str
) -> None:
    copy = shutil.copytree(honest[0], tmp_path / "ledger")
    key = Ed25519PrivateKey.generate() if hand == "another key" else None
    lay(copy, CHANGES[change](leaves_of(copy)), key)
    assert not verify(copy, VERIFIER).clean


@pytest.mark.parametrize("change", [*CHANGES, "rolled_back"])
def test_with_the_stolen_key_whoever_holds_an_older_checkpoint_finds_it(
    honest: tuple[Path, bytes, bytes, list[bytes]], tmp_path: Path, change: str
) -> None:
    folder, older, head, proof = honest
    copy = shutil.copytree(folder, tmp_path / "ledger")
    lay(copy, {**CHANGES, "rolled_back": rolled_back}[change](leaves_of(copy)), KEY)
    # the register is well formed and well signed: alone, it shows nothing; against what was kept elsewhere, it does
    assert verify(copy, VERIFIER).clean
    kept = head if change == "truncated" else older
    found = {finding.kind for finding in verify(copy, VERIFIER, older=kept).findings}
    assert found & {FindingKind.FORK, FindingKind.ROLLBACK}
    # and the witness refuses to countersign it at the next contact, ≤ 60 s later
    witness = Witness(tmp_path / "witness", "w.example/w", Ed25519PrivateKey.generate(), [VERIFIER], ManualClock())
    assert witness.add_checkpoint(request_of(0, [], older)).status == 200
    assert witness.add_checkpoint(request_of(OLD, proof, head)).status == 200
    note = (copy / "checkpoint").read_bytes()
    size = int(note.split(b"\n")[1])
    tries = [(SIZE, Prover(copy, size).consistency(SIZE) if size >= SIZE else []), (OLD, []), (0, [])]
    assert {witness.add_checkpoint(request_of(known, path, note)).status for known, path in tries} <= {400, 409, 422}
    witness.close()


def of_svg(drawing: str) -> Image.Image:
    """The squares of a QR code drawn as rows of strokes, eight dots to a square."""
    (path,) = re.findall(r'<path[^>]* d="([^"]+)"', drawing)
    found = Image.new("L", (800, 800), 255)
    x = y = 0.0
    for step, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if step == "h":
            for column in range(int(x), int(x + float(first))):
                found.paste(0, (column * 8, int(y) * 8, column * 8 + 8, int(y) * 8 + 8))
            x += float(first)
        else:
            x, y = (0.0, 0.0) if step == "M" else (x, y)
            x, y = x + float(first), y + float(second)
    return found


def of_terminal(lines: list[str]) -> Image.Image:
    """The squares of a QR code written in half blocks, light upon a dark terminal."""
    found = Image.new("L", (max(map(len, lines)) * 8, len(lines) * 16), 0)
    for row, line in enumerate(lines):
        for column, block in enumerate(line):
            for half, lit in enumerate((block in "█▀", block in "█▄")):
                if lit:
                    at = (column * 8, row * 16 + half * 8)
                    found.paste(255, (*at, at[0] + 8, at[1] + 8))
    return found


def test_the_printed_head_read_by_another_program_is_what_the_verifier_takes(
    honest: tuple[Path, bytes, bytes, list[bytes]], tmp_path: Path
) -> None:
    """Off the paper and off the terminal, with a decoder that shares nothing with what drew the code."""
    folder, _, head, _ = honest
    drawn = tmp_path / "head.svg"
    asked = ["head", str(folder), "--key", VERIFIER.encode(), "--qr", "--svg", str(drawn)]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(head.decode())
    forged = shutil.copytree(folder, tmp_path / "ledger")
    lay(forged, edited(leaves_of(forged)), KEY)
    for image in (of_svg(drawn.read_text()), of_terminal(result.output.removeprefix(head.decode()).splitlines())):
        (read,) = zxingcpp.read_barcodes(image)
        assert read.text == head.decode()
        kept = tmp_path / "scanned.txt"
        kept.write_bytes(read.text.rstrip("\n").replace("\n", "\r\n").encode())  # as an editor saves it
        given = ["--key", VERIFIER.encode(), "--checkpoint", str(kept)]
        assert CliRunner().invoke(app, ["verify", str(folder), *given]).exit_code == 0
        assert CliRunner().invoke(app, ["verify", str(forged), *given]).exit_code == 1
    (width,) = re.findall(r'<svg[^>]* width="(\d+)"', drawn.read_text())
    assert int(width) // 4 <= 17 + 4 * 15 + 8, "a telephone reads it off a page: version 15 at most, and its margin"
