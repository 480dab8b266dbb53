"""YAML as plain data with the line of each value; refuses what could harm: tags, bombs, doubles, depth, size.

Keys are always text (in YAML 1.1 a bare ``on`` means true; here it is the word), and so are numbers that begin with a
zero or hold a colon (a département “01”, an hour “22:00”).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from beffroi.domain.text import Text
from beffroi.law.cases.malformed import MalformedCaseError, Place, WrongError

MAX_BYTES: Final = 2_000_000
MAX_VALUES: Final = 200_000
MAX_DEPTH: Final = 12

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Only its events are used. The one in C is seven times as fast, where the library was built with it."""

Way = tuple[str | int, ...]
"""The keys and positions that lead to a value: ``("cases", 3, "who")``."""


@dataclass(frozen=True)
class Source:
    """What a file holds. ``lines`` gives the line of each value (from 1)."""

    name: str
    data: Any
    lines: Mapping[Way, int]

    def line(self, way: Way) -> int | None:
        """The line of this value, or of the nearest thing that holds it."""
        for size in range(len(way), -1, -1):
            if (found := self.lines.get(way[:size])) is not None:
                return found
        return None


def read(path: Path) -> Source:
    """Read a file.

    Raises:
        MalformedCaseError: it cannot be read, or its YAML is refused.
    """
    place = Place(str(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refused(place, f"plus de {MAX_BYTES} octets : partagez-le.", f"over {MAX_BYTES} bytes: split it.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(
            place, "fichier illisible (texte UTF-8 attendu).", "unreadable (UTF-8 text expected)."
        ) from error
    return parse(text, str(path))


def parse(text: str, name: str) -> Source:
    """Read YAML that is already in memory; see `read`."""
    reader = _Reader(name)
    try:
        return Source(name, reader.document(text), reader.lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else None
        what = str(getattr(error, "problem", None) or error)[:120]
        raise _refused(Place(name, line), f"YAML mal formé : {what}.", f"malformed YAML: {what}.") from error
    except WrongError as error:
        raise MalformedCaseError([Place(name, reader.at).says(error.text)]) from error
    except RecursionError as error:  # aliases of aliases of aliases
        raise _refused(Place(name, reader.at), "trop de renvois.", "too many aliases.") from error


def _refused(place: Place, fr: str, en: str) -> MalformedCaseError:
    return MalformedCaseError([place.says(Text(fr=fr, en=en))])


@dataclass
class _Open:
    """A list or a mapping that is being read."""

    way: Way
    value: list[Any] | dict[str, Any]
    anchor: str | None
    key: str | None = None


@dataclass
class _Reader:
    name: str
    lines: dict[Way, int] = field(default_factory=dict)
    at: int = 1
    _stack: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Any] = field(default_factory=dict)
    _values: int = 0
    _root: Any = None

    def document(self, text: str) -> Any:
        """The one document of the text. Reads events in a loop: nothing recurses, whatever the depth of the file."""
        loader = _LOADER(text)
        documents = 0
        try:
            while loader.check_event():
                event = loader.get_event()
                self.at = event.start_mark.line + 1
                documents += isinstance(event, yaml.DocumentStartEvent)
                if documents > 1:
                    raise WrongError("un seul document YAML par fichier.", "one YAML document to a file.")
                self._take(event, loader)
        finally:
            loader.dispose()
        return self._root

    def _take(self, event: yaml.Event, loader: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._put(self._alias(str(event.anchor)))
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, loader)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self._stack.pop()
            if done.anchor:
                self._anchors[done.anchor] = done.value

    def _node(self, event: Any, loader: Any) -> None:
        explicit = event.tag is not None and event.tag != "!"
        if explicit:
            raise WrongError(
                f"l'étiquette « {event.tag[:40]} » est refusée.", f"the tag “{event.tag[:40]}” is refused."
            )
        if isinstance(event, yaml.ScalarEvent):
            top = self._stack[-1] if self._stack else None
            if top is not None and isinstance(top.value, dict) and top.key is None:
                self._key(top, event.value)
                return
            value = _scalar(event, loader)
            if event.anchor:
                self._anchors[event.anchor] = value
            self._put(value)
            return
        if len(self._stack) >= MAX_DEPTH:
            raise WrongError(f"plus de {MAX_DEPTH} niveaux d'imbrication.", f"more than {MAX_DEPTH} levels.")
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        way = self._put(value)
        self._stack.append(_Open(way, value, event.anchor))

    def _key(self, top: _Open, key: str) -> None:
        if key in top.value:
            raise WrongError(f"la clé « {key[:60]} » est écrite deux fois.", f"the key “{key[:60]}” is written twice.")
        if key == "<<":
            raise WrongError("« << » est refusé : écrivez les clés.", "“<<” is refused: write the keys.")
        top.key = key
        self.lines[(*top.way, key)] = self.at

    def _put(self, value: Any) -> Way:
        self._values += 1
        if self._values > MAX_VALUES:
            raise WrongError("trop de valeurs : partagez le fichier.", "too many values: split the file.")
        if not self._stack:
            self._root = value
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            way: Way = (*top.way, len(top.value))
            top.value.append(value)
        else:
            if top.key is None:
                raise WrongError("une clé doit être un mot.", "a key must be a word.")
            way = (*top.way, top.key)
            top.value[top.key] = value
            top.key = None
        self.lines.setdefault(way, self.at)
        return way

    def _alias(self, name: str) -> Any:
        if name not in self._anchors:  # also: an alias to something that is not finished, which would never end
            raise WrongError(f"le renvoi « *{name[:40]} » ne mène à rien.", f"the alias “*{name[:40]}” leads nowhere.")
        return self._copied(self._anchors[name])

    def _copied(self, value: Any) -> Any:
        """A copy that counts: a file of a few lines cannot become a million values."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise WrongError("trop de renvois.", "too many aliases.")
        if isinstance(value, dict):
            return {key: self._copied(one) for key, one in value.items()}
        return [self._copied(one) for one in value] if isinstance(value, list) else value


def _scalar(event: Any, loader: Any) -> Any:
    tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    text: str = event.value
    if tag.endswith((":int", ":float")) and (":" in text or (text.lstrip("+-")[:1] == "0" and text.isdigit())):
        return int(text) if text == "0" else text
    if tag.endswith(":merge"):
        return text
    try:
        return loader.construct_object(yaml.ScalarNode(tag, text, event.start_mark, event.end_mark))
    except (ValueError, OverflowError) as error:
        shown = text[:40]
        fr, en = "n'est ni une date ni un nombre", "is no date and no number"
        raise WrongError(f"« {shown} » {fr}.", f"“{shown}” {en}.") from error
