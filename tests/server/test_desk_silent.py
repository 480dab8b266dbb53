"""A delivery made just after its files were closed: the register is waited for, so that the package proves itself."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_desk_delivery import SECOND, ask, journal_in_register, reason, requisition
from tests.support import desktown
from tests.support.clips import clip
from tests.support.desktown import DeskTown, desk_town

from beffroi.evidence.findings import Kind, Report
from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.note import Verifier
from beffroi.server.deskbuild import Building, package_path
from beffroi.server.intake import JournalIntake


@pytest.fixture
def flowing(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The register takes in the recorder's journal while this is set."""
    whole, event = JournalIntake.once, threading.Event()

    async def once(intake: JournalIntake) -> int:
        return await whole(intake) if event.is_set() else 0

    monkeypatch.setattr(JournalIntake, "once", once)
    return event


@pytest.fixture
def place(tmp_path: Path, flowing: threading.Event) -> Iterator[DeskTown]:
    assert not flowing.is_set()
    with desk_town(tmp_path / "data") as one:
        yield one


def agreed(place: DeskTown, at_s: float = 0) -> tuple[str, str]:
    """A delivery of three seconds of cx, ready to be made; its case, its name."""
    case = place.open_case()
    assert place.hold(case, {"cx": (at_s, at_s + 3)}).body["holds"][0]["complete"]
    paper = requisition(place, "one", "cx", at_s, at_s + 60)
    assert ask(place, case, "requisition", {"document": paper})[0] == 200
    status, body = ask(place, case, "packages", {"second": SECOND})
    assert status == 201, body
    name = str(body["packages"][0]["id"])
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    return case, name


def build(place: DeskTown, case: str, name: str) -> tuple[int, dict[str, Any]]:
    return ask(place, case, f"packages/{name}/build", {"reason": reason(place)})


def report(place: DeskTown, name: str) -> Report:
    centre = place.town.centre
    trust = Trust(Verifier(KEY_NAME, centre.evidence_key.public_key()), centre.ledger.verifier)
    return verify_package(package_path(centre, name), trust)


def test_a_closing_on_its_way_is_waited_for(
    place: DeskTown, flowing: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    class _Pauses:
        """The journal flows from the first pause on."""

        def __iter__(self) -> Iterator[float]:
            flowing.set()
            yield from [0.1] * 600

    monkeypatch.setattr(Building, "pauses", _Pauses())
    place.record("cx", clip(count=100))
    case, name = agreed(place)
    status, told = build(place, case, name)
    assert status == 200, told
    found = report(place, name)
    assert found.verdict.value == "valid", [one.text.en for one in found.findings]


def test_a_register_that_does_not_take_it_in_is_told_and_nothing_is_sealed(
    place: DeskTown, flowing: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Building, "pauses", (0.0, 0.0))
    place.record("cx", clip(count=100))
    case, name = agreed(place)
    status, told = build(place, case, name)
    assert status == 403
    assert "réessayez" in told["error"]["text"]["fr"], told
    assert "try again" in told["error"]["text"]["en"], told
    assert list(package_path(place.town.centre, name).parent.iterdir()) == []
    flowing.set()
    journal_in_register(place)
    status, told = build(place, case, name)
    assert status == 200, told
    assert report(place, name).verdict.value == "valid"


def test_a_file_that_no_journal_tells_of_leaves_at_once(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its journal was lost, or its entry pruned: nothing will ever come, and the package says so."""
    monkeypatch.setattr(Building, "pauses", ())
    monkeypatch.setattr(desktown, "tell_untold", lambda *_: 0)
    place.record("cx", clip(count=100))
    case, name = agreed(place)
    status, told = build(place, case, name)
    assert status == 200, told
    assert Kind.REGISTER_SILENT in {one.kind for one in report(place, name).findings}


def test_a_file_of_just_now_is_told_in_a_moment(place: DeskTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row comes before its act in the journal: that nothing tells of it yet proves nothing."""
    monkeypatch.setattr(Building, "pauses", ())
    monkeypatch.setattr(desktown, "tell_untold", lambda *_: 0)
    place.record("cx", clip(count=100), at_s=17 * 60)
    case, name = agreed(place, 17 * 60)
    assert build(place, case, name)[0] == 403
