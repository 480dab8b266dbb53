"""Files of documents: kept once under their digest, told by their first bytes, checked when read."""

import hashlib
import stat
import zipfile
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.support.town import AGENT, MAYOR_X, Book, manual_clock, paper_of, reopened

from beffroi.domain.documents import DocumentStatus
from beffroi.domain.errors import BadInputError, BrokenError, NotFoundError
from beffroi.domain.ids import DocumentId
from beffroi.registry.attachments import MAX_BYTES, Attachments, StoredFile, media_type
from beffroi.registry.changes import ChangeKind, entry_of
from beffroi.registry.enclosures import MOST
from beffroi.registry.scan import ScanDates
from beffroi.registry.store import Registry

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
JPEG = b"\xff\xd8\xff\xe0" + bytes(8)
ORDER = DocumentId("prefect_order/X")


def odt(first: str = "mimetype", says: str = "application/vnd.oasis.opendocument.text") -> bytes:
    """A ZIP as an office suite writes it."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(first), says)
        archive.writestr("content.xml", "<x/>")
    return out.getvalue()


@pytest.fixture
def kept(tmp_path: Path) -> Attachments:
    return Attachments(tmp_path / "attachments", read=lambda _: ScanDates())


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (odt(), "application/vnd.oasis.opendocument.text"),
    ],
)
def test_a_file_comes_back_as_it_was_kept(kept: Attachments, data: bytes, kind: str) -> None:
    stored = kept.put(data)
    assert stored == StoredFile(hashlib.sha256(data).hexdigest(), kind, len(data))
    assert kept.open(stored.sha256) == data
    assert kept.stat(stored.sha256) == stored
    assert kept.put(data) == stored


def test_the_same_file_is_kept_once_and_for_its_owner_only(kept: Attachments, tmp_path: Path) -> None:
    for _ in range(2):
        kept.put(PDF)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert all(
        stat.S_IMODE(path.stat().st_mode) == 0o700 for path in (tmp_path / "attachments").rglob("*") if path.is_dir()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"MZ\x90\x00",
        b"%PDF",
        b" %PDF-1.7",
        b"PK\x03\x04" + bytes(60),
        odt(says="application/zip"),
        odt(first="evil"),
        b"GIF89a",
        b"\x89PNG\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_document_is_refused(kept: Attachments, data: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="neither"):
        kept.put(data)
    assert not (tmp_path / "attachments").exists()


@given(data=st.binary(max_size=80))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    with suppress(BadInputError):
        assert media_type(data).count("/") == 1


def test_the_largest_file_is_25_mb(kept: Attachments) -> None:
    whole = PDF + bytes(MAX_BYTES - len(PDF))
    assert kept.put(whole).size_bytes == 25 * 1024 * 1024
    with pytest.raises(BadInputError, match="25 MB"):
        kept.put(whole + b"\0")


@pytest.mark.parametrize("name", ["../../secrets/gate.key", "", "A" * 64, "0" * 63, "0" * 64 + "\n", "0" * 64])
def test_only_digests_of_files_kept_are_names(kept: Attachments, name: str) -> None:
    with pytest.raises(NotFoundError):
        kept.open(name)


def test_a_damaged_file_is_told_and_can_be_put_back(kept: Attachments, tmp_path: Path) -> None:
    stored = kept.put(PDF)
    path = next(path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(PDF[:-1] + b"x")
    with pytest.raises(BrokenError):
        kept.open(stored.sha256)
    assert kept.stat(stored.sha256) is None
    kept.put(PDF)
    assert kept.open(stored.sha256) == PDF


@pytest.fixture
def opened(town: Engine) -> tuple[Registry, Book]:
    return reopened(town, manual_clock())


def test_a_version_has_several_files_each_an_entry_of_the_register(
    opened: tuple[Registry, Book], kept: Attachments
) -> None:
    registry, book = opened
    scan, annex = kept.put(PDF), kept.put(PNG)
    registry.propose(replace(paper_of(registry.facts(), ORDER), file_sha256=scan.sha256), by=AGENT)
    first = registry.attach(ORDER, scan, name="/tmp/../Arrêté\n2026.pdf", by=AGENT)
    registry.attach(ORDER, annex, name="C:\\plans\\plan.png", by=MAYOR_X)
    assert first is not None
    assert registry.attach(ORDER, scan, name="again.pdf", by=AGENT) is None
    several = registry.attachments(ORDER)
    assert [(one.name, one.main, one.version) for one in several] == [
        ("Arrêté2026.pdf", True, 2),
        ("plan.png", False, 2),
    ]
    assert [one.entered_by for one in several] == [AGENT, MAYOR_X]
    assert registry.attachments(ORDER, 1) == []
    entry = entry_of(first)
    assert entry.outcome == "document_attached"
    assert entry.detail["sha256"] == scan.sha256
    assert "Arrêté" not in str(entry)  # a name of file may name a person
    assert [change.kind for change in book.changes[-2:]] == [ChangeKind.ATTACHED] * 2


def test_a_file_changes_nothing_of_what_counts(opened: tuple[Registry, Book], kept: Attachments) -> None:
    registry, _ = opened
    before = registry.facts()
    registry.attach(ORDER, kept.put(PDF), name="arrêté.pdf", by=AGENT)
    assert registry.facts().digest() == before.digest()
    assert paper_of(registry.facts(), ORDER).status is DocumentStatus.CONFIRMED
    assert registry.attachments(ORDER)[0].version == 1


def test_a_version_has_a_limited_number_of_files(opened: tuple[Registry, Book]) -> None:
    registry, _ = opened
    for number in range(MOST):
        registry.attach(ORDER, StoredFile(f"{number:064x}", "application/pdf", 1), name="x.pdf", by=AGENT)
    with pytest.raises(BadInputError, match="gather them"):
        registry.attach(ORDER, StoredFile("f" * 64, "application/pdf", 1), name="x.pdf", by=AGENT)
    with pytest.raises(NotFoundError):
        registry.attach(DocumentId("mask/none"), StoredFile("f" * 64, "image/png", 1), name="x", by=AGENT)
    with pytest.raises(NotFoundError):
        registry.attach(ORDER, StoredFile("f" * 64, "image/png", 1), name="x", by=AGENT, version=9)
