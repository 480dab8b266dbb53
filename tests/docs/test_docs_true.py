"""What README and docs name exists: links, files, `make` targets, `beffroi` commands with their options."""

import importlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import typer.main
from typer.core import TyperCommand, TyperGroup

from beffroi.cli.backup import DefaultCommand
from beffroi.cli.main import COMMANDS

HOUSE: Final = Path(__file__).parents[2]
PAGES: Final = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]
FENCE: Final = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SPAN: Final = re.compile(r"`([^`]+)`")
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
PATH: Final = re.compile(r"(?:docs|tests|src|packaging|scripts|console|examples|cases)/[\w./-]+\w")
TESTFILE: Final = re.compile(r"test_\w+\.py")
END: Final = re.compile(r"&&|\|\||[|;)#]|\s#")
# The first line of a signed text, not a command.
SIGNED: Final = "beffroi evidence manifest 1"


def _said(page: Path) -> Iterator[str]:
    """Each piece of code of a page: every line of a fence (joined at a backslash), every span."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.findall(text):
        yield from fence.replace("\\\n", " ").splitlines()
    yield from (" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text)))


@cache
def _command(name: str) -> TyperCommand | TyperGroup:
    command = typer.main.get_command(importlib.import_module(COMMANDS[name][0]).app)
    assert isinstance(command, TyperCommand | TyperGroup)
    return command


def _wrong(line: str) -> str | None:
    """Why a line that calls `beffroi` would be refused before it did anything; None when it would not."""
    try:
        words = shlex.split(END.split(line)[0])
    except ValueError:
        words = END.split(line)[0].split()
    if not words or words[0].startswith("-") or not re.fullmatch(r"[a-z]+", words[0]):
        return None
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    command = _command(words.pop(0))
    if isinstance(command, DefaultCommand) and words and words[0] not in command.commands:
        words.insert(0, command.default)
    while isinstance(command, TyperGroup) and words and re.fullmatch(r"[a-z|-]+", words[0]):
        choices = words.pop(0).split("|")
        if choices[0].startswith("-"):
            words.insert(0, choices[0])
            break
        if missing := [choice for choice in choices if choice not in command.commands]:
            return f"no sub-command {missing[0]}"
        inner = command.commands[choices[0]]
        assert isinstance(inner, TyperCommand | TyperGroup)
        command = inner
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help"}
    for word in words:
        option = word.split("=")[0].rstrip("`.,:…")
        if option.startswith("--") and option not in known:
            return f"no option {option}"
    return None


def test_commands_in_docs_exist() -> None:
    seen, wrong = 0, []
    for page in PAGES:
        for line in (line for line in _said(page) if line != SIGNED):
            for call in re.finditer(r"(?:^|[\s(/])beffroi (?=[a-z])", line):
                seen += 1
                if why := _wrong(line[call.end() :]):
                    wrong.append(f"{page.relative_to(HOUSE)}: {why}: {line.strip()}")
    assert seen > 100
    assert not wrong, "\n".join(wrong)


def test_make_targets_in_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {(page.name, t) for page in PAGES for line in _said(page) for t in re.findall(r"^make ([a-z-]+)", line)}
    assert named
    assert not [pair for pair in named if pair[1] not in targets]


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere() -> None:
    wrong = []
    for page in PAGES:
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                wrong.append(f"{page.relative_to(HOUSE)}: {link}")
    assert not wrong, "\n".join(wrong)


def test_files_named_exist() -> None:
    tests = {path.name for path in (HOUSE / "tests").rglob("test_*.py")}
    wrong = []
    for page in PAGES:
        for span in _said(page):
            for path in (
                PATH.findall(span) if span.startswith(("docs/", "tests/", "src/beffroi/", "packaging/")) else ()
            ):
                if not (HOUSE / path).exists():
                    wrong.append(f"{page.relative_to(HOUSE)}: {path}")
            wrong += [f"{page.relative_to(HOUSE)}: {name}" for name in TESTFILE.findall(span) if name not in tests]
    assert not wrong, "\n".join(wrong)
