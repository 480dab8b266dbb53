"""Papers as they are listed beside a person or a camera: the version in charge, and whether a next one waits."""

from collections.abc import Callable
from datetime import datetime

from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.facts import Facts
from beffroi.law.documents import code, type_name
from beffroi.server.rendering import Json


def in_charge(facts: Facts, at: datetime, wanted: Callable[[Document], bool]) -> list[Document]:
    """Of each document whose newest version is wanted, the version in charge; by id."""
    newest = {document.id: document for document in facts.documents}  # in order of version: the last one stays
    found = [facts.in_charge(identifier, at) for identifier, document in sorted(newest.items()) if wanted(document)]
    return [document for document in found if document is not None]


def paper_json(facts: Facts, paper: Document, at: datetime) -> Json:
    """A paper as a line."""
    newest = facts.versions(paper.id)[-1]
    return {
        "id": paper.id,
        "kind": paper.kind.value,
        "code": code(paper.kind),
        "label": type_name(paper.kind).as_dict(),
        "number": paper.number,
        "version": paper.version,
        "valid_from": paper.valid_from.isoformat(),
        "valid_until": None if paper.valid_until is None else paper.valid_until.isoformat(),
        "status": paper.status_on(at).value,
        "in_force": paper.holds(at),
        "next_waits": newest.version != paper.version and newest.status is DocumentStatus.PROPOSED,
    }
