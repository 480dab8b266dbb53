"""Archives that were altered, cut, forged or are of another version: refused whole, the target untouched."""

import hashlib
import io
import random
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.faultmatrix import draws, record, run_seed
from tests.support.keys import CHEAP

from beffroi.backup import archive as archive_module
from beffroi.backup.archive import ArchiveReader, ArchiveWriter, safe_name
from beffroi.backup.envelope import MAGIC, SEGMENT_BYTES, SealedReader, SealedWriter
from beffroi.backup.errors import BackupFailedError, BackupPassphraseError, BackupRefusedError
from beffroi.backup.restore import restore
from beffroi.base.clock import SystemClock
from beffroi.domain.errors import BadInputError, BeffroiError
from beffroi.vault.signed import canonical

PASSPHRASE: Final = "une phrase de sauvegarde"
REFUSED: Final = (BackupRefusedError, BackupPassphraseError)
FILES: Final = {"centre/a": b"a" * 10, "centre/b/c": b"", "recorder/trust/sheet.pub": bytes(range(256)) * 2000}


def made(files: dict[str, bytes] = FILES) -> bytes:
    out = io.BytesIO()
    writer = ArchiveWriter(out, PASSPHRASE, cost=CHEAP)
    for name, content in files.items():
        writer.add(name, [content])
    writer.close({"created_us": 1})
    return out.getvalue()


def read(raw: bytes, passphrase: str = PASSPHRASE) -> dict[str, bytes]:
    reader = ArchiveReader(io.BytesIO(raw), passphrase, name="essai")
    found = {one.name: b"".join(one.pieces) for one in reader.files()}
    assert reader.info == {"created_us": 1}
    return found


def sealed(content: bytes) -> bytes:
    """Any content under a right envelope: what someone who has the passphrase could forge."""
    out = io.BytesIO()
    writer = SealedWriter(out, PASSPHRASE, cost=CHEAP)
    writer.write(content)
    writer.close()
    return out.getvalue()


def item(fields: object, pieces: Iterable[bytes] = ()) -> bytes:
    head = canonical(fields)
    body = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
    return len(head).to_bytes(4, "big") + head + body + bytes(4)


def manifest(fields: dict[str, Any]) -> bytes:
    raw = canonical(fields)
    head = canonical({"manifest": len(raw)})
    return len(head).to_bytes(4, "big") + head + raw


def test_what_went_in_comes_out() -> None:
    assert read(made()) == FILES


@given(st.integers(0, 3 * SEGMENT_BYTES), st.integers(1, 1 << 16))
def test_any_length_comes_out_of_the_envelope(size: int, step: int) -> None:
    content = random.Random(size).randbytes(size)  # noqa: S311  any content will do
    reader = SealedReader(io.BytesIO(sealed(content)), PASSPHRASE, name="essai")
    assert b"".join(reader.read(min(step * 64, size - at)) for at in range(0, size, step * 64)) == content
    reader.finish()


def test_one_bit_flipped_anywhere_is_refused() -> None:
    raw, flips = made(), set[tuple[int, int]]()
    for seed in draws("backup-hostile"):
        draw = random.Random(seed)  # noqa: S311  choice of cases
        places = {*range(0, 700, 7), len(raw) - 1, *(draw.randrange(len(raw)) for _ in range(150))}
        flips |= {(at, 1 << draw.randrange(8)) for at in sorted(places)}
    for at, bit in sorted(flips):
        spoilt = bytearray(raw)
        spoilt[at] ^= bit
        with pytest.raises(REFUSED):
            read(bytes(spoilt))
    record("backup-hostile", seen=f"{len(flips)} bits flipped, 0 taken", runs=len(flips), seed=run_seed())


def test_cut_anywhere_or_lengthened_is_refused() -> None:
    raw = made({"centre/long": bytes(2 * SEGMENT_BYTES + 5)})
    edges = [len(raw) - (SEGMENT_BYTES + 16) * n - extra for n in (0, 1, 2) for extra in (1, 16, 17, 300)]
    for at in [0, 1, len(MAGIC), len(MAGIC) + 2, 100, 400, *edges]:
        with pytest.raises(REFUSED):
            read(raw[:at])
    for more in (b"\0", bytes(16), raw):
        with pytest.raises(BackupRefusedError):
            read(raw + more)


def test_segments_moved_between_archives_or_places_are_refused() -> None:
    long = {"centre/long": bytes(3 * SEGMENT_BYTES)}
    raw, other = made(long), made(long)
    body = len(raw) - len(raw) % (SEGMENT_BYTES + 16) - 2 * (SEGMENT_BYTES + 16)
    size = SEGMENT_BYTES + 16
    head = raw.index(b"}", len(MAGIC)) + 1
    head = raw.index(b"}", head) + 1 if raw[head : head + 1] in {b",", b"}"} else head
    swapped = raw[:head] + raw[head + size : head + 2 * size] + raw[head : head + size] + raw[head + 2 * size :]
    for forged in (swapped, raw[:body] + other[body:], other[:head] + raw[head:]):
        with pytest.raises(BackupRefusedError):
            read(forged)


def test_segments_of_an_envelope_in_another_order_give_not_one_byte() -> None:
    content = random.Random(1).randbytes(2 * SEGMENT_BYTES + 5)  # noqa: S311  any content will do
    whole, size = sealed(content), SEGMENT_BYTES + 16
    start = len(MAGIC) + 4 + int.from_bytes(whole[len(MAGIC) : len(MAGIC) + 4], "big")
    head, first, second, last = (
        whole[a:b] for a, b in pairwise((0, start, start + size, start + 2 * size, len(whole)))
    )
    assert SealedReader(io.BytesIO(head + first + second + last), PASSPHRASE, name="essai").read(16) == content[:16]
    for moved in (second + first + last, second + last, last):
        with pytest.raises(BackupRefusedError):
            SealedReader(io.BytesIO(head + moved), PASSPHRASE, name="essai").read(1)


def test_the_wrong_passphrase_opens_nothing() -> None:
    raw = made()
    for wrong in ("une phrase de sauvegardE", "", "x" * 5000):
        with pytest.raises(BackupPassphraseError):
            read(raw, wrong)
    with pytest.raises(BadInputError):
        ArchiveWriter(io.BytesIO(), "courte", cost=CHEAP)


@pytest.mark.parametrize(
    "change",
    [
        (b'"version":1', b'"version":2'),
        (b'"memory_kib":64', b'"memory_kib":-1'),
        (b'"memory_kib":64', b'"memory_kib":4000000000'),
        (b'"passes":1', b'"passes":"1"'),
        (b'"lanes":1', b'"lanes":true'),
        (b'"salt":', b'"Salt":'),
        (b'{"cost"', b'["cost"'),
    ],
)
def test_a_head_of_another_version_or_out_of_bounds_is_refused_before_any_work(change: tuple[bytes, bytes]) -> None:
    raw = made()
    start = len(MAGIC) + 4
    length = int.from_bytes(raw[len(MAGIC) : start], "big")
    head = raw[start : start + length]
    assert change[0] in head
    head = head.replace(*change)
    with pytest.raises(REFUSED) as refused:
        read(MAGIC + len(head).to_bytes(4, "big") + head + raw[start + length :])
    if b"version" in change[0]:
        assert "autre version" in refused.value.text.fr


NAMES: Final = [
    "../evil", "/etc/passwd", "centre/../../evil", "centre//a", "centre/./a", "centre", "centre/", "elsewhere/a", "",
    "centre/a\0b", "centre/a\\b", "centre/é", "centre/a\nb", "C:/a", "centre/" + "x" * 300, "~/a",
    "centre/../recorder/x",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_leave_the_target_are_refused_on_both_sides(name: str) -> None:
    assert not safe_name(name)
    with pytest.raises(BackupFailedError):
        ArchiveWriter(io.BytesIO(), PASSPHRASE, cost=CHEAP).add(name, [b""])
    with pytest.raises(BackupRefusedError) as refused:  # right but for its name
        read(sealed(item({"mode": 0o600, "path": name}) + told({name: b""})))
    assert "un nom de fichier sort de la cible" in refused.value.text.fr


def told(files: dict[str, bytes]) -> bytes:
    """The right manifest of these files."""
    named = {name: [len(content), hashlib.sha256(content).hexdigest()] for name, content in files.items()}
    return manifest({"files": named, "info": {"created_us": 1}})


GOOD: Final = item({"mode": 0o600, "path": "centre/a"}, [b"x"])
TOLD: Final = told({"centre/a": b"x"})
NONE_TOLD: Final = told({"centre/a": b""})
FORGED: Final = {
    "no manifest": (GOOD, "s'arrête trop tôt"),
    "nothing": (b"", "s'arrête trop tôt"),
    "an empty manifest": (GOOD + manifest({}), "n'est pas celui de ses fichiers"),
    "a manifest of other files": (GOOD + told({"centre/b": b"x"}), "n'est pas celui de ses fichiers"),
    "a wrong digest": (GOOD + told({"centre/a": b"y"}), "n'est pas celui de ses fichiers"),
    "a file twice": (GOOD + GOOD + TOLD, "un nom de fichier sort de la cible"),
    "a setuid file": (item({"mode": 0o4755, "path": "centre/a"}) + NONE_TOLD, "mal décrit"),
    "an unknown field": (item({"mode": 0o600, "path": "centre/a", "link": "/etc"}) + NONE_TOLD, "mal décrit"),
    "a path that is no text": (item({"mode": 0o600, "path": ["centre/a"]}) + NONE_TOLD, "mal décrit"),
    "a list": (item(["centre/a"]) + NONE_TOLD, "mal formée"),
    "a long head": ((1 << 31).to_bytes(4, "big") + b"x", "hors bornes"),
    "a long piece": (item({"mode": 0o600, "path": "centre/a"})[:-4] + (1 << 30).to_bytes(4, "big"), "hors bornes"),
    "a huge manifest": (
        len(canonical({"manifest": 1 << 40})).to_bytes(4, "big") + canonical({"manifest": 1 << 40}),
        "inventaire est mal formé",
    ),
    "deep JSON": ((4000).to_bytes(4, "big") + b"[" * 4000, "illisible"),
    "something after": (GOOD + TOLD + b"more", "quelque chose suit sa fin"),
}


def test_right_content_under_the_right_passphrase_is_taken() -> None:
    assert read(sealed(GOOD + TOLD)) == {"centre/a": b"x"}


@pytest.mark.parametrize("name", FORGED)
def test_forged_content_under_the_right_passphrase_is_refused(name: str) -> None:
    forged, why = FORGED[name]
    with pytest.raises(BackupRefusedError) as refused:
        read(sealed(forged))
    assert why in refused.value.text.fr


def test_an_envelope_that_lost_its_last_segments_is_refused() -> None:
    whole = sealed(bytes(2 * SEGMENT_BYTES + 5))
    reader = SealedReader(io.BytesIO(whole[: -(5 + 16)]), PASSPHRASE, name="essai")
    assert reader.read(SEGMENT_BYTES) == bytes(SEGMENT_BYTES)
    with pytest.raises(BackupRefusedError):
        reader.read(SEGMENT_BYTES)


def _under(name: str) -> bytes:
    return made({"centre/a": b"x", name: b"y"})


@pytest.mark.parametrize(
    "raw",
    [
        lambda: _under("centre/a/b"),
        lambda: made()[:-1],
        made,  # whole, but no register in it
        lambda: sealed(FORGED["a file twice"][0]),
        lambda: b"PK\x03\x04" + bytes(1000),
        lambda: b"",
    ],
)
def test_a_refused_restoration_leaves_no_trace(tmp_path: Path, raw: Callable[[], bytes]) -> None:
    (tmp_path / "x.backup").write_bytes(raw())
    target = tmp_path / "data"
    (target / "recorder").mkdir(parents=True)
    (target / "recorder" / "kept").write_text("kept")
    with pytest.raises(BeffroiError) as refused:
        restore(tmp_path / "x.backup", target, PASSPHRASE, SystemClock(), without_hours=True)
    assert refused.value.text.fr
    assert refused.value.text.en
    assert [path.name for path in target.rglob("*")] == ["recorder", "kept"]


def test_a_link_put_where_a_file_goes_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if names were checked badly: files are made with O_EXCL and O_NOFOLLOW in a folder of their own."""
    monkeypatch.setattr(archive_module, "safe_name", lambda _: True)
    (tmp_path / "x.backup").write_bytes(made({"centre/a": b"x", "centre/../centre/a": b"y"}))
    with pytest.raises(BackupRefusedError):
        restore(tmp_path / "x.backup", tmp_path / "data", PASSPHRASE, SystemClock(), without_hours=True)
    assert not list((tmp_path / "data").iterdir())
