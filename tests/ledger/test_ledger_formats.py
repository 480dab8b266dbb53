"""Formats: tile names, bundles, notes, canonical JSON; every other spelling is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.register import KEY, ORIGIN, view_entry

from beffroi.ledger import canonical, leaf, tiles
from beffroi.ledger.entry import LeafError, leaf_bytes
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note, parse_verifier, sign
from beffroi.ledger.tiles import ENTRIES, TileId

VERIFIER = Verifier(ORIGIN, KEY.public_key())


def test_tile_names_of_the_specification() -> None:
    assert TileId(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert TileId(1, 5, 12).path == "tile/1/005.p/12"
    assert TileId(ENTRIES, 1067).path == "tile/entries/x001/067"


@given(st.integers(-1, tiles.MAX_LEVEL), st.integers(0, 10**10), st.integers(1, 256))
def test_tile_names_are_read_back(level: int, index: int, width: int) -> None:
    tile = TileId(level, index, width)
    assert tiles.parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/x000/001",
        "tile/00/001",
        "tile/0/1",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/0/001.p/07",
        "tile/6/001",
        "tile/0/001/",
        "tile/0/001.p",
        "tile/0/../001",
        "tile/entries/x001",
        "tile/-1/001",
        "tile/0/x001/0a1",
    ],
)
def test_other_spellings_are_not_tiles(name: str) -> None:
    assert tiles.parse_path(name) is None


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_are_read_back(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries), len(entries)) == entries


@given(st.binary(max_size=200), st.integers(0, 256))
def test_any_bytes_as_a_bundle_give_entries_or_one_error(data: bytes, count: int) -> None:
    try:
        entries = tiles.decode_bundle(data, count)
    except tiles.BundleError:
        return
    assert tiles.encode_bundle(entries) == data


def test_a_note_is_opened_by_its_key_only() -> None:
    head = Checkpoint(ORIGIN, 42, bytes(range(32)))
    note = sign(head, KEY)
    assert open_note(note, VERIFIER) == head
    with pytest.raises(NoteError):
        open_note(note, Verifier("other.example", KEY.public_key()))


def test_a_note_with_a_witness_signature_still_opens() -> None:
    note = sign(Checkpoint(ORIGIN, 1, bytes(32)), KEY)
    witness = base64.b64encode(bytes(68)).decode()
    assert open_note(note + f"— mairie.example {witness}\n".encode(), VERIFIER).size == 1


def test_every_flipped_bit_of_a_note_is_refused_or_changes_nothing() -> None:
    note = sign(Checkpoint(ORIGIN, 42, bytes(range(32))), KEY)
    for at in range(len(note) * 8):
        bad = bytearray(note)
        bad[at // 8] ^= 1 << (at % 8)
        with pytest.raises(NoteError):
            open_note(bytes(bad), VERIFIER)


def test_another_spelling_of_the_signature_is_refused() -> None:
    note = sign(Checkpoint(ORIGIN, 42, bytes(range(32))), KEY).decode()
    assert note.endswith("=\n")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    head, last = note[: note.index("=", note.index("— "))][:-1], note[note.index("=", note.index("— ")) - 1]
    twin = alphabet[alphabet.index(last) ^ 1]  # differs only in bits that decoding throws away
    padding = note[len(head) + 1 :]
    with pytest.raises(NoteError):
        open_note((head + twin + padding).encode(), VERIFIER)


def test_verifier_keys_are_read_back_and_checked() -> None:
    assert parse_verifier(VERIFIER.encode()).encode() == VERIFIER.encode()
    name, key_id, key = VERIFIER.encode().split("+", 2)
    for bad in (f"{name}x+{key_id}+{key}", f"{name}+00000000+{key}", f"{name}+{key_id}", f"{name}+{key_id}+AAAA", ""):
        with pytest.raises(NoteError):
            parse_verifier(bad)


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":01}',
        b'{"a":9007199254740992}',
        b"\xff",
        b"",
        b'{"a":-0}',
        b'"\\ud800"',
        b"[" * 2000,
        b'{"\xc3\xa9":1}',
    ],
)
def test_other_spellings_of_json_are_refused(data: bytes) -> None:
    with pytest.raises(canonical.NotCanonicalError):
        canonical.load(data)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_canonical_json_is_read_back(value: object) -> None:
    assert canonical.load(canonical.dump(value)) == value


def test_a_leaf_is_read_back_whole() -> None:
    entry = view_entry(3)
    data = leaf_bytes(entry, time_us=17, actor="ab" * 16, bound=bytes(32))
    record = leaf.parse(data, 9)
    for name in ("kind", "view", "camera", "authority", "act", "purpose", "footage", "decision", "outcome", "session"):
        assert getattr(record, name) == getattr(entry, name), name
    assert (record.index, record.time_us, record.actor) == (9, 17, "ab" * 16)
    assert b"Op" not in data
    assert b"192.0.2.7" not in data


@given(st.data())
def test_a_damaged_leaf_is_refused_or_reads_as_another_whole_entry(data: st.DataObject) -> None:
    good = leaf_bytes(view_entry(3), time_us=17, actor="ab" * 16, bound=bytes(32))
    bad = bytearray(good)
    at = data.draw(st.integers(0, len(bad) - 1))
    bad[at] = data.draw(st.integers(0, 255))
    try:
        leaf.parse(bytes(bad), 0)
    except LeafError:
        return
    assert canonical.dump(canonical.load(bytes(bad))) == bytes(bad)


@given(st.binary(max_size=200))
def test_any_bytes_as_a_leaf_give_one_error(data: bytes) -> None:
    with pytest.raises(LeafError):
        leaf.parse(data, 0)


@pytest.mark.parametrize(
    "asked",
    [
        '{"at_us":1,"revision":2}',
        '{"at_us":1,"revision":2,"two_factor":"yes"}',
        '{"at_us":1,"name":"someone","revision":2,"two_factor":true}',
        '{"at_us":1,"post":3,"revision":2,"two_factor":true}',
        "[]",
    ],
)
def test_malformed_circumstances_are_refused(asked: str) -> None:
    entry = view_entry(3)
    data = leaf_bytes(entry, time_us=1, actor=None, bound=bytes(32))
    whole = b'{"at_us":1700000000000000,"post":"poste-1","revision":7,"two_factor":true}'
    assert data.count(whole) == 1
    with pytest.raises(LeafError):
        leaf.parse(data.replace(whole, asked.encode()), 0)
