"""Documents from a file: told line by line, all or none; what is written out is read again to the letter."""

import codecs
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.support import worlds
from tests.support.papermaking import complete
from tests.support.town import AGENT, MAYOR_X, Book, manual_clock, paper_of

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId, CameraId, DocumentId
from beffroi.registry.papers_check import validator
from beffroi.registry.papers_file import MAX_BYTES, MAX_LINES, ImportRefusedError, Line, import_all, read_documents
from beffroi.registry.papers_out import newest, to_csv, to_yaml
from beffroi.registry.papers_raw import join, split
from beffroi.registry.store import Registry

WORLD = worlds.world()
WRITERS = {"a.csv": to_csv, "a.yaml": to_yaml}
ROW = (
    "id;number;signed_on;signatory;valid_from;valid_until;bodies;cameras;fields.author;fields.reference_picture\n"
    "mask/cx-2;M-2;20/12/2023;L'installateur;01/01/2024;;;cx;technicien;médiane\n"
)


@pytest.fixture
def registry(town: Engine) -> Registry:
    return Registry(town, manual_clock(), register=Book(10_000), validate=validator())


def bare(document: Document) -> Document:
    """As it is before it is entered."""
    return replace(
        document, version=1, status=DocumentStatus.PROPOSED, status_at=None, awaiting=None, confirmed_by=None
    )


def errors(lines: list[Line]) -> str:
    return " ".join(error.fr for line in lines for error in line.errors)


@pytest.mark.parametrize("name", WRITERS)
def test_what_goes_out_comes_in_again_to_the_letter(name: str) -> None:
    documents = newest(WORLD)
    lines = read_documents(WRITERS[name](documents), name, WORLD)
    assert [line.document for line in lines] == [bare(one) for one in documents]
    assert all(line.known and not line.errors for line in lines)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", list(DocumentKind))
def test_every_kind_goes_out_and_comes_in(name: str, kind: DocumentKind) -> None:
    document = complete(kind, everything=True, valid_from=datetime(2024, 1, 1, 8, 30, tzinfo=UTC))
    assert [line.document for line in read_documents(WRITERS[name]([document]), name, None)] == [document]


NASTY = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n;|\\,\"'=+-@ "), min_size=1, max_size=30
)
WORDS = NASTY.map(str.strip).filter(lambda one: one and not one.startswith("=") and one not in {"~", "null"})


@settings(max_examples=120, deadline=None)
@given(signatory=WORDS, exit_=WORDS, several=st.lists(WORDS, min_size=1, max_size=4, unique=True), data=st.data())
def test_any_text_survives_the_round_trip(signatory: str, exit_: str, several: list[str], data: st.DataObject) -> None:
    agreement = complete(DocumentKind.AGREEMENT, signatory=signatory)
    agreement = replace(agreement, fields={**agreement.fields, "exit": exit_, "deliberations": list(several)})
    name = data.draw(st.sampled_from(sorted(WRITERS)))
    (line,) = read_documents(WRITERS[name]([agreement]), name, None)
    assert line.document == agreement


@given(st.lists(WORDS, max_size=5))
def test_lists_in_a_cell_are_read_as_they_were_written(parts: list[str]) -> None:
    assert split(join(parts)) == parts


def test_a_row_typed_by_hand_in_a_french_spreadsheet(registry: Registry) -> None:
    for data in (
        ROW.encode(),
        ROW.encode("utf-8-sig"),
        ROW.encode("cp1252"),
        codecs.BOM_UTF16_LE + ROW.encode("utf-16-le"),
        ROW.replace("\n", "\r\n").encode(),
        ROW.replace(";", "\t").encode(),
        ROW.replace(";", ",").encode(),
    ):
        (line,) = read_documents(data, "Masques.CSV", registry.facts())
        assert line.errors == ()
        assert line.number == 2
        assert line.document is not None
        assert (line.document.signed_on, line.document.valid_from) == (date(2023, 12, 20), date(2024, 1, 1))
        assert line.document.fields == {"author": "technicien", "reference_picture": "médiane"}
    changes = import_all(registry, read_documents(ROW.encode(), "m.csv", registry.facts()), by=AGENT)
    assert [change.subject for change in changes] == ["mask/cx-2"]
    held = paper_of(registry.facts(), "mask/cx-2")
    assert (held.status, held.awaiting) == (DocumentStatus.PROPOSED, "X")


def test_the_example_of_the_guide_is_read() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "documents.md").read_text(encoding="utf-8")
    example = guide.split("```csv\n")[1].split("```")[0]
    (line,) = read_documents(example.encode(), "guide.csv", None)
    assert line.errors == ()


def test_one_wrong_line_and_nothing_enters(registry: Registry) -> None:
    data = ROW + "mask/nowhere;M-3;20/12/2023;L'installateur;01/01/2024;;;nowhere;technicien;médiane\n"
    lines = read_documents(data.encode(), "m.csv", registry.facts())
    assert [bool(line.errors) for line in lines] == [False, True]
    assert "nowhere" in errors(lines)
    before = registry.facts()
    with pytest.raises(ImportRefusedError, match="Line 3") as refused:
        import_all(registry, lines, by=AGENT)
    assert "Ligne 3" in refused.value.text.fr
    assert registry.facts() is before


def test_what_is_there_already_is_left_alone_and_the_rest_is_a_new_version(registry: Registry) -> None:
    documents = newest(registry.facts())
    changed = replace(bare(documents[0]), number="2026-1")
    lines = read_documents(to_csv([changed, *documents[1:]]), "all.csv", registry.facts())
    assert [line.known for line in lines] == [False] + [True] * (len(documents) - 1)
    changes = import_all(registry, lines, by=AGENT)
    assert [(change.subject, change.version) for change in changes] == [(changed.id, 2)]
    assert import_all(registry, lines[1:], by=AGENT) == []


def test_what_was_withdrawn_may_be_entered_again(registry: Registry) -> None:
    mask = DocumentId("mask/cx")
    data = to_yaml([paper_of(registry.facts(), mask)])
    registry.withdraw(mask, by=MAYOR_X, reason="remplacé")
    (line,) = read_documents(data, "m.yaml", registry.facts())
    assert not line.known
    assert import_all(registry, [line], by=AGENT)[0].version == 2


def test_an_id_that_is_there_twice_is_told_on_both_lines() -> None:
    twice = ROW + ROW.split("\n")[1] + "\n"
    lines = read_documents(twice.encode(), "m.csv", WORLD)
    assert ["deux fois" in line.errors[-1].fr for line in lines] == [True, True]


def test_an_incomplete_document_is_read_and_told() -> None:
    (line,) = read_documents(ROW.replace("médiane", "").encode(), "m.csv", WORLD)
    assert line.document is not None
    assert "reference_picture" in line.errors[0].fr


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("20/12/2023", "demain", "signed_on"),
        ("20/12/2023", "31/02/2023", "signed_on"),
        ("01/01/2024", "01/01/0024", "valid_from"),
        ("01/01/2024", "9999-12-31", "valid_from"),
        ("01/01/2024", "2024-01-01T08:00:00", "valid_from"),
        ("01/01/2024;;", "01/01/2024;9999-12-31;", "valid_until"),
        ("mask/cx-2", "mask/../../etc", "identifiant"),
        ("mask/cx-2", "face/cx-2", "identifiant"),
        ("mask/cx-2", "", "identifiant"),
        ("technicien", "=HYPERLINK(1)", "fields.author"),
        ("technicien", "a\x07b", "fields.author"),
        ("technicien", "a" * 20_001, "fields.author"),
        (";cx;", ";cy|nowhere;", "nowhere"),
        (";cx;", ";cx|cy;", "plusieurs communes"),
    ],
)
def test_each_thing_that_is_wrong_has_its_sentence(old: str, new: str, word: str) -> None:
    (line,) = read_documents(ROW.replace(old, new, 1).encode(), "m.csv", WORLD)
    assert word.removeprefix("fields.") in errors([line])


@pytest.mark.parametrize(
    "header",
    [
        "number;signed_on",
        "id;id",
        "id;;number",
        "id;numero",
        "id;fieldsauthor",
        "",
    ],
)
def test_a_header_that_is_not_understood_refuses_the_file(header: str) -> None:
    with pytest.raises(BadInputError, match="first line"):
        read_documents(f"{header}\nmask/x;1\n".encode(), "m.csv", WORLD)


def test_a_field_that_the_kind_does_not_have_is_told() -> None:
    (line,) = read_documents(ROW.replace("fields.author", "fields.auteur").encode(), "m.csv", WORLD)
    assert "auteur" in errors([line])


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 a spreadsheet",
        b"%PDF-1.4",
        b"\xd0\xcf\x11\xe0 an old spreadsheet",
        b"id;number\x00\n",
        b"\xff\xfe\x00",
        b"\x81\x8d",
        b'id;number\nmask/x;"never closed\n',
        b"id;number\nmask/x;1;2;3\n",
        b'id;number\nmask/x;"a"b\n',
        b"id;number\nmask/x;" + b"x" * 200_000,
        b"id\n" + b"a" * MAX_BYTES,
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(BadInputError) as refused:
        read_documents(data, "m.csv", WORLD)
    assert refused.value.text.fr.endswith(".")


def test_another_format_is_refused() -> None:
    for name in ("a.xlsx", "a", "csv", "a.csv.exe"):
        with pytest.raises(BadInputError, match=r"\.csv"):
            read_documents(ROW.encode(), name, WORLD)


def test_a_long_file_is_cut_before_it_costs() -> None:
    rows = "".join(f"mask/m{number};1\n" for number in range(MAX_LINES + 1))
    with pytest.raises(BadInputError, match="More than"):
        read_documents(f"id;number\n{rows}".encode(), "m.csv", None)


def _bomb() -> str:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _bomb(),
        "- &a {id: mask/x}\n- *a\n",
        "- !!python/object/apply:os.system ['true']\n",
        "- !!int 5\n",
        "[" * 100_000,
        "- " * 5_000 + "x",
        "{" * 2_000,
        "- id: mask/x\n  id: mask/y\n",
        "- id: mask/x\n  numero: 1\n",
        "- id: mask/x\n  scope: [cx]\n",
        "- id: mask/x\n  scope: {towns: [X]}\n",
        "- id: mask/x\n  ? [a, b]\n  : c\n",
        "- just text\n",
        "just text\n",
        "a: 1\n",
        "- {id: mask/x\n",
        "--- a\n--- b\n",
        "\t- x",
        "",
    ],
)
def test_a_yaml_that_means_harm_is_refused_quickly(text: str) -> None:
    started = time.process_time()
    with pytest.raises(BadInputError) as refused:
        read_documents(text.encode(), "a.yaml", WORLD)
    assert refused.value.text.fr.endswith(".")
    assert time.process_time() - started < 3


def test_yaml_guesses_nothing() -> None:
    text = """
documents:
  - id: accreditation/a
    number: 012
    signed_on: 2023-12-20
    signatory: no
    valid_from: 2024-01-01
    valid_until: ~
    scope: {persons: [agentE]}
    fields: {employer: 01001, prefets: 22:30, departements: [01, 2A], inquiry_on: 2023-12-01}
"""
    (line,) = read_documents(text.encode(), "a.yml", WORLD)
    assert line.errors == ()
    assert line.number == 3
    assert line.document is not None
    assert (line.document.number, line.document.signatory, line.document.valid_until) == ("012", "no", None)
    assert line.document.fields == {
        "employer": "01001",
        "prefets": ["22:30"],
        "departements": ["01", "2A"],
        "inquiry_on": "2023-12-01",
    }


@pytest.mark.parametrize("writer", [to_csv, to_yaml])
def test_an_export_computes_nothing_and_says_the_state(writer: Callable[[list[Document]], bytes]) -> None:
    mask = complete(DocumentKind.MASK, number="@SUM(A1)", signatory="+33 rien", status=DocumentStatus.PROPOSED)
    mask = replace(mask, scope=Scope(cameras=frozenset({CameraId("cx")}), bodies=frozenset({BodyId("X")})))
    text = writer([mask]).decode("utf-8-sig")
    assert "proposed" in text
    if writer is to_csv:
        assert "'@SUM(A1)" in text
        assert "'+33 rien" in text
    (line,) = read_documents(writer([mask]), "a.csv" if writer is to_csv else "a.yaml", None)
    assert line.document == mask


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: ("id;number\n" + text).encode()))
def test_no_bytes_make_it_fail_otherwise(data: bytes) -> None:
    for name in WRITERS:
        with suppress(BadInputError):
            lines = read_documents(data, name, WORLD)
            assert all(line.errors for line in lines if line.document is None)
