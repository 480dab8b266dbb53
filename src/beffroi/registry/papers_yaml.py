"""Documents in YAML, read as plain words: no tag, no alias, no number guessed (“01” stays “01”)."""

from collections.abc import Iterator
from typing import Final

import yaml

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.registry.papers_raw import COLUMNS, IGNORED, SCOPE, Words

_MAX_DEPTH: Final = 6
_MAX_EVENTS: Final = 400_000
_NULLS: Final = frozenset({"", "~", "null"})


def rows(text: str) -> Iterator[tuple[int, dict[str, Words], dict[str, Words]]]:
    """For each item of the list (or of the list under ``documents``): its first line in the file, columns, fields.

    Raises:
        BadInputError: malformed, not such a list, or it uses what could make it large or strange (aliases, tags).
    """
    try:
        _check_events(text)
        root = yaml.compose(text, Loader=yaml.CBaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (ligne {mark.line + 1} / line {mark.line + 1})" if mark is not None else ""
        raise _refused(f"mal formé{line}", f"malformed{line}") from error
    if isinstance(root, yaml.MappingNode):
        root = next((value for key, value in root.value if key.value == "documents"), root)
    if not isinstance(root, yaml.SequenceNode):
        raise _refused("une liste de pièces est attendue", "a list of documents is expected")
    for node in root.value:
        number = node.start_mark.line + 1
        item = _words(node)
        if not isinstance(item, dict):
            raise _refused(f"ligne {number} : une pièce est attendue", f"line {number}: a document is expected")
        yield number, *_parts(item, number)


def _parts(item: dict[str, Words], number: int) -> tuple[dict[str, Words], dict[str, Words]]:
    scope, fields = item.pop("scope", {}), item.pop("fields", {})
    if not isinstance(scope, dict) or not isinstance(fields, dict):
        raise _refused(f"ligne {number} : scope et fields", f"line {number}: scope and fields")
    strangers = (set(item) - set(COLUMNS) - IGNORED) | (set(scope) - set(SCOPE))
    if strangers:
        which = ", ".join(sorted(one[:40] for one in strangers))
        raise _refused(f"ligne {number} : clé inconnue {which}", f"line {number}: unknown key {which}")
    columns = {name: word for name, word in {**item, **scope}.items() if name in COLUMNS}
    return columns, fields


def _words(node: yaml.Node) -> Words:
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Words] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in found:
                line = key.start_mark.line + 1
                raise _refused(f"ligne {line} : clé répétée", f"line {line}: a key is there twice")
            found[key.value] = _words(value)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_words(one) for one in node.value]
    word: str = node.value
    unquoted = isinstance(node, yaml.ScalarNode) and not node.style
    return "" if unquoted and word in _NULLS else word


def _check_events(text: str) -> None:
    """Refuse aliases (a few lines that stand for gigabytes), tags, depth and length before anything is built."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CBaseLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            raise _refused(
                f"ligne {line} : ancres, alias et étiquettes sont exclus",
                f"line {line}: anchors, aliases and tags are not taken",
            )
        if depth > _MAX_DEPTH or count > _MAX_EVENTS:
            raise _refused("trop profond ou trop long", "too deep or too long")


def _refused(fr: str, en: str) -> BadInputError:
    return BadInputError(Text(fr=f"Le fichier YAML est refusé : {fr}.", en=f"The YAML file is refused: {en}."))
