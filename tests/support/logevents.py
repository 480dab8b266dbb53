"""The events that the programs log, read from their source: level, sentence, fields."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import beffroi

_LEVELS: Final = ("debug", "info", "warning", "error", "exception", "critical")


@dataclass(frozen=True, order=True)
class LogEvent:
    """One place in the source that logs."""

    event: str
    level: str
    fields: tuple[str, ...]
    module: str
    literal: bool = True


def log_events() -> list[LogEvent]:
    """Every call of a module's ``_log``."""
    root = Path(beffroi.__file__).parent
    return sorted(event for path in sorted(root.rglob("*.py")) for event in _of(path, root))


def _of(path: Path, root: Path) -> Iterator[LogEvent]:
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id == "_log" and node.func.attr in _LEVELS:
            fields = tuple(sorted({word.arg or "…" for word in node.keywords if word.arg != "exc_info"}))
            for event, literal in _sentences(node.args[0]):
                yield LogEvent(event, node.func.attr, fields, module, literal)


def _sentences(node: ast.expr) -> Iterator[tuple[str, bool]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, True
    elif isinstance(node, ast.IfExp):
        yield from _sentences(node.body)
        yield from _sentences(node.orelse)
    else:
        yield ast.unparse(node), False
