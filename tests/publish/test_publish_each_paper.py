"""In a small commune in order, each paper counts: without it, or once it has ended, the audit says which."""

from typing import Any

import pytest
from tests.publish import commune
from tests.publish.commune import Papers, Rows

IN_THE_STATUTES = "deliberation/competence"
"""The proof of the competence is a field of the statutes: the deliberation itself is not asked for."""

_IDS = [one["id"] for one in commune.small()[1]["documents"]]
_ONE_OF_EACH = list({one.partition("/")[0]: one for one in reversed(_IDS)}.values())


def _found(rows: Rows, papers: Papers) -> set[str]:
    return {str(one.kind) for one in commune.audited(rows, papers).findings}


def test_the_small_commune_is_in_order() -> None:
    assert _found(*commune.small()) == set()


@pytest.mark.parametrize("identifier", _IDS)
def test_without_it_the_audit_names_its_kind_and_no_other(identifier: str) -> None:
    rows, papers = commune.small()
    papers["documents"] = [one for one in papers["documents"] if one["id"] != identifier]
    expected = set() if identifier == IN_THE_STATUTES else {identifier.partition("/")[0]}
    assert _found(rows, papers) == expected


@pytest.mark.parametrize("identifier", _ONE_OF_EACH)
def test_once_it_has_ended_too(identifier: str) -> None:
    rows, papers = commune.small()
    paper: dict[str, Any] = commune.paper(papers, identifier)
    paper |= {"signed_on": "2023-01-02", "valid_from": "2023-01-02", "valid_until": "2026-03-01"}
    expected = set() if identifier == IN_THE_STATUTES else {identifier.partition("/")[0]}
    assert _found(rows, papers) == expected
