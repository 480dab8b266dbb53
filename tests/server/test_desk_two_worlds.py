"""Two towns that differ only in what a commune of no member has: its desk work is nowhere in another's answers."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support import worlds
from tests.support.centre import CLERK, Town, Variation, Z, running
from tests.support.desktown import CALL, span

from beffroi.domain.documents import DocumentKind
from beffroi.domain.ids import PersonId

WORDS = ("canaria", "canarib")
AGENT = "agentE"


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Town]]:
    variations = [Variation(Z, WORDS[0]), Variation(Z, WORDS[1], more=2)]
    folders = [tmp_path_factory.mktemp(word) / "data" for word in WORDS]
    with running(folders[0], variation=variations[0]) as one, running(folders[1], variation=variations[1]) as other:
        for town, variation in zip((one, other), variations, strict=True):
            for number in range(1 + variation.more):
                enter(town, variation.word, number)
        yield one, other


def enter(town: Town, word: str, number: int) -> None:
    """A requisition in force on the other commune's camera, and a case of its police."""
    fields = {"opj": "OPJ", "service": "police", "frame": "flagrance", "article": "60-1", **span(0, 60)}
    paper = worlds.paper(
        DocumentKind.REQUISITION, f"{word}-{number}", cameras=(f"cz-{word}",), fields=dict(fields), number=word
    )
    town.centre.registry.propose(paper, by=CLERK)
    town.centre.registry.confirm_all([paper.id], by=PersonId(f"mayorZ-{word}"))
    opened = town.person(f"pmZ-{word}").post("/api/desk/cases", {})
    assert opened.status == 201, opened.body


def told(town: Town) -> list[tuple[int, str]]:
    """All that an agent of E is told at the desk, with the random names of cases and instants left out."""
    who, answers = town.person(AGENT), []
    case = str(who.post("/api/desk/cases", {}).body["id"])
    asked: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "/api/desk/cases", None),
        ("GET", f"/api/desk/cases/{case}", None),
        ("GET", f"/api/desk/cases/{case}/requisitions", None),
        ("GET", f"/api/desk/cases/{case}/seconds", None),
        ("POST", f"/api/desk/cases/{case}/search", {"text": "gare"}),
        ("POST", f"/api/desk/cases/{case}/search", {"text": "place"}),
        ("POST", f"/api/desk/cases/{case}/search", {"latitude": 48.0, "longitude": 2.0, "radius_m": 5000}),
    ]
    for word in (*WORDS, "nowhere"):
        for ends in ((0, 9), (-40 * 86_400.0, -40 * 86_400.0 + 9)):
            line = {"camera": f"cz-{word}", **span(*ends)}
            asked.append(("POST", f"/api/desk/cases/{case}/hold", {**CALL, "frame": "none", "cameras": [line]}))
        asked += [
            ("POST", f"/api/desk/cases/{case}/requisition", {"document": f"requisition/{word}-0"}),
            ("POST", f"/api/desk/cases/{case}/handlers", {"person": f"pmZ-{word}"}),
            ("POST", f"/api/desk/cases/{case}/packages", {"second": f"pmZ-{word}"}),
        ]
    for method, path, body in asked:
        answer = who.get(path) if method == "GET" else who.post(path, body)
        answers.append((answer.status, re.sub(r"D-\d{8}-[0-9a-f]{8}|'\w+_(us|s)': \d+", "", str(answer.body))))
    return answers


def test_what_one_commune_does_at_the_desk_is_nowhere_in_anothers_answers(towns: tuple[Town, Town]) -> None:
    one, other = (told(town) for town in towns)
    assert one == other
    assert len({status for status, _ in one}) >= 4, "allowed, refused, unknown, malformed: all were asked"
    names = town_names(one)
    assert not names & set(WORDS)


def town_names(answers: list[tuple[int, str]]) -> set[str]:
    """Marked words in what was listed (errors repeat what was typed)."""
    return {word for status, text in answers if status < 300 for word in WORDS if word in text}
