"""Reading beside a register at work: whoever holds a checkpoint finds what it covers, however far it has gone on."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.register import KEY, ORIGIN, fill, open_ledger, view_entry

from beffroi.ledger import merkle
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier, open_note
from beffroi.ledger.proofs import Prover
from beffroi.ledger.reading import records
from beffroi.ledger.sources import SignedRegister
from beffroi.ledger.store import LedgerDamagedError
from beffroi.ledger.stretch import Rows, Stretch, read_bundle, verify_stretch
from beffroi.ledger.tilefiles import read_tile
from beffroi.ledger.tiles import ENTRIES, BundleError, TileId, bundle_prefix, decode_bundle, encode_bundle
from beffroi.ledger.verify import verify

VERIFIER = Verifier(ORIGIN, KEY.public_key())
STOPS = (1, 2, 200, 255, 256, 257, 300, 511, 512, 513, 700, 768, 900)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, bytes]]:
    """A register of 900 entries, and the checkpoint of each stop on its way."""
    folder = tmp_path_factory.mktemp("grown")
    ledger, notes = open_ledger(folder), {}
    for stop in STOPS:
        fill(ledger, stop - ledger.size)
        notes[stop] = ledger.checkpoint_note()
    ledger.close()
    return folder / "ledger", notes


@contextmanager
def written(ledger: Ledger) -> Iterator[None]:
    """Somebody appends all the while, an entry a commit."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            ledger.append(view_entry(ledger.size))

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("size", STOPS)
def test_the_proofs_of_an_older_checkpoint_come_out_of_a_register_that_has_gone_on(
    grown: tuple[Path, dict[int, bytes]], size: int
) -> None:
    folder, notes = grown
    prover, root = Prover(folder, size), open_note(notes[size], VERIFIER).root
    assert prover.root(size) == root
    for index in {0, size // 2, size - 1}:
        proof = prover.inclusion(index)
        assert proof.holds(root)
        assert proof.leaf == Prover(folder, STOPS[-1]).inclusion(index).leaf
    for old in (stop for stop in STOPS if stop < size):
        assert merkle.goes_on(old, open_note(notes[old], VERIFIER).root, size, root, prover.consistency(old))


@pytest.mark.parametrize("size", STOPS)
def test_whoever_read_the_checkpoint_before_an_append_reads_its_rows_after_it(
    grown: tuple[Path, dict[int, bytes]], size: int
) -> None:
    folder, notes = grown
    head, now = open_note(notes[size], VERIFIER), open_note(notes[STOPS[-1]], VERIFIER)
    rows, later = Rows(folder, head), Rows(folder, now)
    for bundle in range(-(-size // 256)):
        entries = read_bundle(folder, head, bundle)
        assert tuple(merkle.leaf_hash(entry) for entry in entries) == rows.row(0, bundle)
        assert later.row(0, bundle)[: len(entries)] == rows.row(0, bundle)


@pytest.mark.parametrize("size", [stop for stop in STOPS if stop < STOPS[-1]])
def test_an_older_checkpoint_put_back_beside_the_tiles_of_a_later_one_is_damage(
    grown: tuple[Path, dict[int, bytes]], tmp_path: Path, size: int
) -> None:
    """For every reader: the longer tiles are not that checkpoint's, and none is cut out of them."""
    folder, notes = grown
    shutil.copytree(folder, tmp_path / "ledger")
    (tmp_path / "ledger" / "checkpoint").write_bytes(notes[size])
    assert not verify(tmp_path / "ledger", VERIFIER).clean
    if size % 256:
        assert not verify_stretch(tmp_path / "ledger", VERIFIER, Stretch()).clean
        with pytest.raises(LedgerDamagedError):
            Prover(tmp_path / "ledger", size).inclusion(size - 1)
        with pytest.raises(LedgerDamagedError):
            SignedRegister(tmp_path / "ledger", VERIFIER)
        with pytest.raises(LedgerDamagedError):
            list(records(tmp_path / "ledger", VERIFIER))


def test_parts_are_verified_and_proven_while_it_is_written(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 300)
    try:
        with written(ledger):
            for _ in range(40):
                assert verify_stretch(tmp_path / "ledger", VERIFIER, Stretch(first=200)).findings == ()
                note = open_note((tmp_path / "ledger" / "checkpoint").read_bytes(), VERIFIER)
                assert Prover(tmp_path / "ledger", note.size).inclusion(note.size - 1).holds(note.root)
                assert len(list(records(tmp_path / "ledger", VERIFIER))) >= note.size
    finally:
        ledger.close()


def test_a_register_is_verified_while_it_is_written(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    fill(ledger, 1_500)
    try:
        with written(ledger):
            for _ in range(8):
                least = ledger.size
                report = verify(tmp_path / "ledger", VERIFIER, payloads=tmp_path / "payloads.sqlite")
                assert report.findings == ()
                assert report.entries >= least
    finally:
        ledger.close()


def test_an_older_tile_is_cut_out_of_the_longest_that_there_is(tmp_path: Path) -> None:
    entries = [bytes([number]) * (number % 7) for number in range(256)]
    hashes = [bytes([number]) * 32 for number in range(256)]

    (tmp_path / "checkpoint").write_bytes(b"essai\n256\n")

    def put(tile: TileId, data: bytes) -> Path:
        path = tmp_path / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    wanted = [TileId(ENTRIES, 0, 3), TileId(0, 0, 3)]
    for tile in wanted:
        with pytest.raises(FileNotFoundError):
            read_tile(tmp_path, tile)
    put(TileId(ENTRIES, 0, 2), encode_bundle(entries[:2]))  # shorter: of no use
    put(TileId(0, 0, 2), b"".join(hashes[:2]))
    (tmp_path / "tile/0/000.p/note.txt").touch()
    for tile in wanted:
        with pytest.raises(FileNotFoundError):
            read_tile(tmp_path, tile)
    for width in (9, 200, 256):
        put(TileId(ENTRIES, 0, width), encode_bundle(entries[:width]))
        put(TileId(0, 0, width), b"".join(hashes[:width]))
        assert decode_bundle(read_tile(tmp_path, wanted[0]), 3) == entries[:3]
        assert read_tile(tmp_path, wanted[1]) == b"".join(hashes[:3])
    for checkpoint in (b"essai\n8\n", b"essai\n", b"", b"essai\nx\n", b"essai\n-9\n"):
        (tmp_path / "checkpoint").write_bytes(checkpoint)
        for tile in wanted:
            with pytest.raises(FileNotFoundError):
                read_tile(tmp_path, tile)
    (tmp_path / "checkpoint").write_bytes(b"essai\n200\n")
    assert decode_bundle(read_tile(tmp_path, wanted[0]), 3) == entries[:3], "the one of nine, or of two hundred"
    with pytest.raises(FileNotFoundError):
        read_tile(tmp_path, TileId(0, 1))


def test_a_tile_that_is_a_link_to_nothing_is_missing(tmp_path: Path) -> None:
    (tmp_path / "tile/0/000.p").mkdir(parents=True)
    (tmp_path / "tile/0/000.p/9").symlink_to("nothing")
    (tmp_path / "checkpoint").write_bytes(b"essai\n9\n")
    with pytest.raises(FileNotFoundError):
        read_tile(tmp_path, TileId(0, 0, 3))


def test_a_bundle_too_short_for_what_is_asked_is_malformed() -> None:
    whole = encode_bundle([b"one", b"", b"three"])
    assert [bundle_prefix(whole, count) for count in range(4)] == [whole[:at] for at in (0, 5, 7, 14)]
    for data, count in ((whole, 4), (whole[:-1], 3), (whole[:6], 2), (b"", 1)):
        with pytest.raises(BundleError):
            bundle_prefix(data, count)
