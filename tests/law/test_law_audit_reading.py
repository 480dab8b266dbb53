"""The audit's small readings: tables, hours, months, sentences in the third person."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.audit.cameras import COLUMNS, read_cameras
from beffroi.law.audit.papers import beyond_police_day
from beffroi.law.audit.reading import months_later
from beffroi.law.audit.sentences import in_third_person
from beffroi.law.audit.table import plain_header, read_table, slug

WORDS = st.text(
    st.characters(codec="cp1252", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5),
    st.sampled_from(";,\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_table_says_the_same_in_each_separator_and_encoding(
    rows: list[tuple[str, str]], separator: str, encoding: str, end: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["Réf.", "Nom"])
    writer.writerows(rows)
    text = out.getvalue()
    data = text.encode(encoding)
    if encoding == "cp1252" and _is_utf8(data):
        return  # it could be either: UTF-8 is tried first
    read = read_table(data, "t.csv", {"id": ("ref",), "name": ("nom",)})
    assert [(row.cells["id"], row.cells["name"]) for row in read] == rows
    assert [row.line for row in read] == list(range(2, len(rows) + 2))


def _is_utf8(data: bytes) -> bool:
    try:
        return data.decode() != data.decode("cp1252")
    except UnicodeDecodeError:
        return False


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_a_sentence(data: bytes) -> None:
    said = "x.csv, ligne"
    try:
        read_cameras(data, "x.csv", placed_by=PersonId("m"), commune=BodyId("99031"))
    except BadInputError as error:
        said = error.text.fr
    assert "x.csv" in said
    assert "ligne" in said


def test_no_two_columns_share_a_header() -> None:
    headers = [header for several in COLUMNS.values() for header in several]
    assert len(headers) == len(set(headers))
    assert all(plain_header(header) == header for header in headers)


@pytest.mark.parametrize(
    ("hours", "beyond"),
    [
        ("24 h sur 24", True),
        ("24h/24", True),
        ("H24", True),
        ("jour et nuit", True),
        ("7 h - 2 h", True),
        ("07:00-23:30", True),
        ("5h30 à 12h", True),
        ("18:00-06:00", True),
        ("06:00-23:00", False),
        ("8 h 30 - 12 h, 14 h - 18 h 30", False),
        ("du lundi au vendredi, de 8 h à 20 h", False),
        ("selon planning", False),
    ],
)
def test_hours_as_people_write_them(hours: str, beyond: bool) -> None:
    assert beyond_police_day(hours) is beyond


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-60, 60))
def test_months_go_from_date_to_date(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and months_later(later, 0).day == later.day)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("votre agrément ne vaut pas", "l'agrément ne vaut pas"),
        ("votre désignation par le maire", "la désignation par le maire"),
        ("l'arrêté ne vous nomme pas", "l'arrêté ne la nomme pas"),
        ("votre mise à disposition n'est pas enregistrée", "la mise à disposition n'est pas dans les pièces"),
        ("ne nomme pas le syndicat pour lequel vous visionnez", "ne nomme pas le syndicat concerné"),
    ],
)
def test_reasons_are_told_about_people_not_to_them(told: str, said: str) -> None:
    assert in_third_person(Text(fr=told, en="your x does not name you")) == Text(
        fr=said, en="the x does not name the person"
    )


@settings(max_examples=50)
@given(st.text(max_size=20))
def test_a_slug_is_plain_and_stays_so(text: str) -> None:
    made = slug(text)
    assert slug(made) == made
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
