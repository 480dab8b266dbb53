"""What remains of a world when everything that does not matter to one wrong answer is taken away."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document
from beffroi.domain.facts import Facts, plain

Wrong = Callable[[Facts, ActRequest], bool]


def shrunk(facts: Facts, request: ActRequest, wrong: Wrong) -> tuple[Facts, ActRequest]:
    """The smallest documents and request found that are still answered wrongly."""
    documents = list(facts.documents)
    size = max(1, len(documents) // 2)
    while size:
        start = 0
        while start < len(documents):
            rest = documents[:start] + documents[start + size :]
            if wrong(replace(facts, documents=tuple(rest)), request):
                documents = rest
            else:
                start += size
        size //= 2
    facts = replace(facts, documents=tuple(documents))
    for simpler in _simpler(request):
        if wrong(facts, simpler):
            request = simpler
    for document in facts.documents:
        for lighter in _lighter(document):
            fewer = facts.with_documents(lighter)
            if wrong(fewer, request):
                facts = fewer
    return facts, request


def _simpler(request: ActRequest) -> Iterator[ActRequest]:
    yield replace(request, present=frozenset())
    yield replace(request, post=None)
    yield replace(request, second=None)
    yield replace(request, recipient=None)


def _lighter(document: Document) -> Iterator[Document]:
    for name in document.fields:
        yield replace(document, fields={key: one for key, one in document.fields.items() if key != name})


def described(facts: Facts, request: ActRequest) -> str:
    """The facts that remain, one a line, for a person to read."""
    person, camera = facts.persons.get(request.person), facts.cameras.get(request.camera)
    named = {person.employer if person else None, camera.commune if camera else None}
    named |= {body for one in facts.documents for body in one.scope.bodies} | {camera.responsible if camera else None}
    bodies = [one for one in facts.bodies.values() if one.id in named or one.members & named]
    lines = [str(request), str(person), str(camera), *map(str, bodies)]
    for one in facts.documents:
        full = plain(one)
        keep = {key: full[key] for key in ("id", "version", "valid_from", "valid_until", "status", "status_at")}
        keep["scope"] = {key: names for key, names in full["scope"].items() if names}
        lines.append(f"{keep} {full['fields']}{'' if one.confirmed_by else ' unconfirmed'}")
    return "\n".join(lines)
