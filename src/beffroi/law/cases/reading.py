"""From a file to cases that can be run: checked whole, every fault told at once with its line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from beffroi.domain.text import Text
from beffroi.law.cases.malformed import MalformedCaseError, Place
from beffroi.law.cases.model import KEYS, CaseFile, sentence_of
from beffroi.law.cases.source import Source, Way, read

SUFFIXES: Final = (".yaml", ".yml")


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Every case file of these files and folders, in order, once.

    Raises:
        MalformedCaseError: a path leads nowhere, or a folder holds no case file.
    """
    found: dict[Path, None] = {}
    for path in paths:
        several = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES)
        if not several:
            text = Text(fr="aucun fichier de cas (.yaml) ici.", en="no case file (.yaml) here.")
            raise MalformedCaseError([Place(str(path)).says(text)])
        found.update(dict.fromkeys(several))
    return list(found)


def load(path: Path) -> tuple[CaseFile, Source]:
    """One file, checked.

    Raises:
        MalformedCaseError: with a sentence for each thing that is wrong.
    """
    return check(read(path))


def check(source: Source) -> tuple[CaseFile, Source]:
    """The model of a source; see `load`."""
    if not isinstance(source.data, dict):
        text = Text(
            fr="un fichier de cas commence par « world: » et « cases: ».",
            en="a case file begins with “world:” and “cases:”.",
        )
        raise MalformedCaseError([Place(source.name).says(text)])
    try:
        made = CaseFile.model_validate(source.data)
    except ValidationError as error:
        sentences = [_sentence(source, one) for one in error.errors(include_url=False)[:50]]
        raise MalformedCaseError(dict.fromkeys(sentences)) from error
    return _without_doubles(made, source), source


def place_of(source: Source, case: int, way: Way = ()) -> Place:
    """Where a case (or something in it) is written."""
    data = source.data["cases"][case]
    name = data.get("id") if isinstance(data, dict) else None
    return Place(source.name, source.line(("cases", case, *way)), str(name) if name is not None else f"n° {case + 1}")


def _sentence(source: Source, error: Mapping[str, Any]) -> Text:
    way: Way = tuple(error["loc"])
    place = Place(source.name, source.line(way))
    if len(way) > 1 and way[0] == "cases" and isinstance(way[1], int):
        place = place_of(source, way[1], way[2:])
    parents = [one for one in way[:-1] if isinstance(one, str)]
    keys = KEYS.get({"cases": "case"}.get(parents[-1], parents[-1]) if parents else "file", ())
    return place.says(sentence_of(error, keys).text)


def _without_doubles(made: CaseFile, source: Source) -> CaseFile:
    seen: set[str] = set()
    for number, case in enumerate(made.cases):
        if case.id in seen:
            text = Text(fr="un autre cas de ce fichier porte ce nom.", en="another case of this file has this id.")
            raise MalformedCaseError([place_of(source, number, ("id",)).says(text)])
        seen.add(case.id)
    return made
