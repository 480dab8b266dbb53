"""How a case file names a document: its id, another name of its kind, or words that it holds."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId
from beffroi.law.cases.malformed import WrongError, near
from beffroi.law.documents import code

_K = DocumentKind

OTHER_NAMES: Final[Mapping[str, tuple[DocumentKind, str | None]]] = {
    # another name of a kind: (the kind, the object of the deliberation where it says one)
    "commune_consent": (_K.DELIBERATION, "commune_consent"),
    "members_consent": (_K.DELIBERATION, "members_consent"),
    "position": (_K.PREFECTURE_POSITION, None),
    "order": (_K.PREFECT_ORDER, None),
    "consent": (_K.DELIBERATION, "commune_consent"),
    "common_parts": (_K.COMMON_PARTS_AGREEMENT, None),
    "alert": (_K.ALERT_RECORD, None),
}
_SPLIT: Final = re.compile(r"[-\s/,]+")


def kind_of(word: str) -> tuple[DocumentKind, str | None]:
    """The kind that a word names (``agreement``, ``position``, ``D3``), and the object of the deliberation if any."""
    if word in OTHER_NAMES:
        return OTHER_NAMES[word]
    if word in _codes():
        return _codes()[word], None
    try:
        return DocumentKind(word), None
    except ValueError:
        close = near(word, [*(one.value for one in DocumentKind), *OTHER_NAMES])
        raise WrongError(
            f"« {word[:60]} » n'est pas un type de pièce : {close} ?",
            f"“{word[:60]}” is not a kind of document: {close}?",
        ) from None


def same_kind(one: str, other: str) -> bool:
    """Whether two words name the same kind of document; a cure that is no document is only itself."""
    if one == other:
        return True
    try:
        (first, said), (second, meant) = kind_of(one), kind_of(other)
    except WrongError:
        return False
    return first is second and (said is None or meant is None or said == meant)


@lru_cache(maxsize=1)
def _codes() -> dict[str, DocumentKind]:
    return {code(kind): kind for kind in DocumentKind}


def resolve(facts: Facts, name: str) -> tuple[DocumentId, ...]:
    """The documents that a name speaks of.

    The exact id first; otherwise every document of the kind whose name or scope holds all the words of the name:
    ``designation/agentE`` is all her designations, ``agreement/X-E`` the agreement that binds both.

    Raises:
        WrongError: there is none; the sentence gives the names that look like it.
    """
    if facts.versions(DocumentId(name)):
        return (DocumentId(name),)
    word, slash, rest = name.partition("/")
    if not slash or not rest:
        raise WrongError(
            f"« {name[:60]} » : une pièce s'écrit « type/nom », comme agreement/E-X.",
            f"“{name[:60]}”: a document is written “kind/name”, like agreement/E-X.",
        )
    kind, said = kind_of(word)
    if facts.versions(DocumentId(f"{kind.value}/{rest}")) and said is None:
        return (DocumentId(f"{kind.value}/{rest}"),)
    several = [one for one in facts.documents if one.kind is kind and said in {None, one.fields.get("object")}]
    wanted = {one.casefold() for one in _SPLIT.split(rest) if one}
    found = dict.fromkeys(one.id for one in several if wanted <= _words(one))
    if wanted and found:
        return tuple(found)
    close = near(f"{kind.value}/{rest}", [one.id for one in several])
    if not several:
        raise WrongError(
            f"ce monde n'a aucune pièce « {word} » : ajoutez-la avec « add », ou voyez `beffroi law worlds`.",
            f"this world has no “{word}” document: add one with “add”, or see `beffroi law worlds`.",
        )
    raise WrongError(f"il n'y a pas de pièce « {name[:60]} » : {close} ?", f"no document “{name[:60]}”: {close}?")


def _words(document: Document) -> set[str]:
    scope = document.scope
    named: list[str] = [*_SPLIT.split(document.id.partition("/")[2])]
    for names in (scope.bodies, scope.cameras, scope.systems, scope.persons):
        named += [part for one in names for part in (one, *_SPLIT.split(one))]
    named += [value for key in ("body", "pooling_body", "title", "point") for value in _texts(document, key)]
    return {one.casefold() for one in named}


def _texts(document: Document, key: str) -> list[str]:
    value = document.fields.get(key)
    return [value, *_SPLIT.split(value)] if isinstance(value, str) else []


def thing(name: str, names: Iterable[str], fr: str, en: str) -> str:
    """A person, camera or body by its id (letter case forgiven where that is not ambiguous).

    Raises:
        WrongError: there is none of that name; the sentence gives those that look like it.
    """
    several = list(names)
    if name in several:
        return name
    forgiven = [one for one in several if one.casefold() == name.casefold()]
    if len(forgiven) == 1:
        return forgiven[0]
    close = near(name, several, 8)
    raise WrongError(
        f"ce monde n'a pas {fr} « {name[:60]} » : {close} ?", f"this world has no {en} “{name[:60]}”: {close}?"
    )
