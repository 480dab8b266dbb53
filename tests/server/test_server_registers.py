"""A commune's registers through the front door: who reads what, in which words; reading is an entry first."""

import pytest
from tests.support.centre import Town
from tests.support.registeracts import since, view

from beffroi.ledger.entry import EntryKind
from beffroi.server.routes.account import _line

SPAN = "from=2026-03-01&to=2026-03-03"


@pytest.fixture(scope="module")
def seen(town: Town) -> int:
    """A view of cx that was opened and ended, one on requisition, one of cz; the first one's number."""
    first = view(town, "cx", "plain")
    view(town, "cx", "onsite", documents=("requisition/9",))
    view(town, "cz", "elsewhere")
    return first


def test_a_mayor_reads_the_commune_s_accesses_without_procedures_numbers_or_names(town: Town, seen: int) -> None:
    found = town.person("mayorX").get(f"/api/registers/accesses?commune=X&{SPAN}")
    assert found.status == 200, found.body
    rows = found.body["rows"]
    assert len([row for row in rows if "1500 images" in str(row)]) == 1  # the one on requisition is not there
    assert all(row["first"] is None for row in rows)
    assert "agentE" not in found.raw.decode()
    assert "compte" not in found.raw.decode()


def test_the_dpo_reads_all_with_entry_numbers(town: Town, seen: int) -> None:
    found = town.person("dpo").get(f"/api/registers/accesses?commune=X&{SPAN}").body
    mine = [row for row in found["rows"] if "1500 images" in str(row)]
    assert [row["first"] for row in mine] == [seen, seen + 2]
    assert mine[0]["source"] == f"{seen}–{seen + 1}"


def test_reading_is_an_entry_before_it_is_an_answer(town: Town) -> None:
    mayor = town.person("mayorX")
    before = town.centre.ledger.size
    mayor.get(f"/api/registers/refusals?commune=X&{SPAN}")
    (read,) = since(town, before, EntryKind.REGISTER_READ)
    assert town.centre.ledger.record(read).detail == {
        "register": "refusals",
        "commune": "X",
        "from": "2026-03-01",
        "to": "2026-03-03",
    }


def test_another_s_register_is_unknown_and_leaves_no_entry(town: Town) -> None:
    mayor = town.person("mayorX")
    before = town.centre.ledger.size
    there, nowhere = (mayor.get(f"/api/registers/accesses?commune={one}&{SPAN}") for one in ("Z", "Q"))
    assert (there.status, nowhere.status) == (404, 404)
    assert str(there.body).replace("Z", "?") == str(nowhere.body).replace("Q", "?")
    assert since(town, before, EntryKind.REGISTER_READ) == []


@pytest.mark.parametrize("register", ["accesses", "refusals", "extracts", "destructions", "former"])
def test_every_register_comes_as_a_spreadsheet_and_on_paper(town: Town, register: str) -> None:
    mayor = town.person("mayorX")
    sheet = mayor.get(f"/api/registers/{register}/csv?commune=X&{SPAN}")
    assert sheet.raw.startswith(b"\xef\xbb\xbf")
    paper = mayor.get(f"/api/registers/{register}/pdf?commune=X&{SPAN}")
    assert paper.raw.startswith(b"%PDF")
    assert f'attachment; filename="{register}-X-2026-03-01_2026-03-03.pdf"' in str(paper.headers)


@pytest.mark.parametrize(
    ("register", "span"),
    [
        ("accesses", "from=2026-03-03&to=2026-03-01"),
        ("accesses", "from=2025-01-01&to=2026-03-01"),
        ("former", "from=2026-01-01&to=2026-03-01"),
        ("accesses", "from=hier&to=2026-03-01"),
        ("nothing", SPAN),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(town: Town, register: str, span: str) -> None:
    found = town.person("dpo").get(f"/api/registers/{register}?commune=X&{span}")
    assert found.status == 422
    assert found.body["error"]["text"]["fr"]


@pytest.mark.parametrize("person", ["agentE", "pmX", "electedX", "technician", "adminE", "supervisorE"])
def test_nobody_else_reads_them(town: Town, person: str) -> None:
    asking, before = town.person(person), town.centre.ledger.size
    assert asking.get("/api/registers").status == 403
    assert asking.get(f"/api/registers/accesses?commune=X&{SPAN}").status == 403
    assert since(town, before, EntryKind.REGISTER_READ) == []


def test_a_mayor_is_not_told_that_something_is_held(town: Town) -> None:

    line = {
        "camera": "cx",
        "stream": "main",
        "day": "2026-03-02",
        "adds_up": True,
        "wrong": [],
        "held_us": 5,
        "frozen_us": 3,
    }
    facts = town.centre.registry.facts()
    assert "frozen_us" not in _line(facts, line, whole=False)
    assert _line(facts, line, whole=True)["frozen_us"] == 3
