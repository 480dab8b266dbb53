"""Whatever people do in whatever order: what counts was entered by one, and confirmed by as many others as it takes."""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import worlds
from tests.support.centre_db import sqlite_centre
from tests.support.town import AGENT, DPO, MAYOR_X, MAYOR_Y, manual_clock, paper_of, reopened

from beffroi.domain.documents import DocumentKind, DocumentStatus
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.registry.changes import Change, ChangeKind
from beffroi.registry.store import Registry
from beffroi.registry.two_persons import bound_communes, why_two

PEOPLE: Final = [MAYOR_X, MAYOR_X, MAYOR_Y, DPO, AGENT, PersonId("inspector")]
ORDER, POOLING = DocumentId("prefect_order/X"), DocumentId("police_pooling/X-Y")
SCANS: Final = ["2022-12-20", "2023-12-20", "2024-12-19", "2022-12-21"]
ACTS: Final = ["confirm"] * 6 + ["propose", "withdraw"]

STEPS: Final = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(PEOPLE), st.sampled_from(SCANS)), min_size=2, max_size=8
)


def act(registry: Registry, what: str, document: DocumentId, by: PersonId, scan: str) -> None:
    """One thing that one person tries."""
    if what == "confirm":
        registry.confirm(document, by=by)
    elif what == "withdraw":
        registry.withdraw(document, by=by, reason="essai")
    elif document == ORDER:
        order = paper_of(worlds.world(), ORDER)
        registry.propose(replace(order, fields={**order.fields, "scan_date": scan}), by=by)
    else:
        made = worlds.paper(DocumentKind.POLICE_POOLING, "X-Y", bodies=("X", "Y"), fields={"title": "L512-3"})
        registry.propose(made, by=by)


@settings(max_examples=40, deadline=None)
@given(document=st.sampled_from([ORDER, POOLING]), scan=st.sampled_from(SCANS), steps=STEPS)
def test_nothing_counts_without_the_persons_it_takes(
    town_file: Path, document: DocumentId, scan: str, steps: list[tuple[str, PersonId, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(town_file, Path(folder) / "beffroi.sqlite")
        with sqlite_centre(Path(folder)) as engine:
            registry, _ = reopened(engine, manual_clock())
            start = registry.revision()
            for what, by, read in [("propose", AGENT, scan), *steps]:
                with suppress(BeffroiError):
                    act(registry, what, document, by, read)
            _check(registry, document, registry.changes(after=start, limit=1_000))


def _check(registry: Registry, document: DocumentId, changes: list[Change]) -> None:
    facts = registry.facts()
    for version in facts.versions(document):
        steps = [one for one in changes if one.subject == document and one.version == version.version]
        words = [one for one in steps if one.kind in {ChangeKind.FIRST_CONFIRMED, ChangeKind.CONFIRMED}]
        if not steps or version.status is not DocumentStatus.CONFIRMED:
            continue
        authors = {one.actor for one in steps if one.kind is ChangeKind.PROPOSED}
        actors = [one.actor for one in words]
        assert words[-1].kind is ChangeKind.CONFIRMED
        assert all(one.ledger_index is not None for one in words)
        assert authors.isdisjoint(actors)
        assert len(set(actors)) == len(actors) == (1 if why_two(version, facts) is None else 2)
        assert MAYOR_X in actors or (bound_communes(version, facts) and MAYOR_Y in actors)
        if bound_communes(version, facts):
            assert set(actors) == {MAYOR_X, MAYOR_Y}
