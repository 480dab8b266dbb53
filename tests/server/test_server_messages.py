"""Every sentence exists in both languages, and every option of every command says what it is for."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import beffroi
from beffroi.cli.main import COMMANDS
from beffroi.domain.errors import BeffroiError
from beffroi.domain.gaps import GapCause
from beffroi.identity.roles import LABELS, Role
from beffroi.ledger.entry import EntryKind, Record
from beffroi.ledger.sentences import sentence

SOURCE = Path(beffroi.__file__).parent
CONSOLE = SOURCE.parents[1] / "console" / "src"


def texts() -> Iterator[tuple[str, ast.Call]]:
    """Each call of ``Text`` in the product, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def written(value: ast.expr) -> str | None:
    """The constant parts of a sentence, or None when it is computed elsewhere."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in value.values)
    return None


def names(value: ast.expr) -> set[str]:
    """What a sentence tells besides its words."""
    found = {ast.unparse(one.value) for one in ast.walk(value) if isinstance(one, ast.FormattedValue)}
    found = {re.sub(r"_(fr|en)$|^(fr|en)_|\.isoformat\(\)$", "", one) for one in found}
    # A word chosen by language, or a date spelt out, is not another fact told.
    return {one for one in found if not re.search(r"\bfr\b|\ben\b|\bif\b|'|\bday\b|number", one)}


def test_every_sentence_is_in_french_and_in_english() -> None:
    wrong, count = [], 0
    for place, call in texts():
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if None in given or call.args:
            assert not call.args, f"{place}: name the languages"
            continue  # Text(**fields): as it was kept
        count += 1
        if set(given) != {"fr", "en"}:
            wrong.append(f"{place}: {sorted(map(str, given))}")
            continue
        french, english = written(given["fr"]), written(given["en"])
        if french is not None and english is not None:
            if not french.strip() or not english.strip():
                wrong.append(f"{place}: one is empty")
            elif french == english and len(french.replace("…", "").split()) > 2:
                wrong.append(f"{place}: not translated: {french}")
            elif len(french.split()) > 4 and french.rstrip()[-1] in ".!?" and english.rstrip()[-1] not in ".!?":
                wrong.append(f"{place}: one ends as a sentence, the other not")
        if names(given["fr"]) != names(given["en"]):
            wrong.append(f"{place}: one tells what the other does not: {names(given['fr']) ^ names(given['en'])}")
    assert not wrong, "\n".join(wrong)
    assert count > 250


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_error_that_a_person_may_meet_has_its_sentence() -> None:
    for path in SOURCE.rglob("*.py"):
        if "alembic" not in path.parts and path.name != "env.py" and "migrations" not in path.parts:
            importlib.import_module(".".join(("beffroi", *path.relative_to(SOURCE).with_suffix("").parts)))
    ours = {one for one in subclasses(BeffroiError) if one.__module__.startswith("beffroi.")}
    assert len(ours) > 40
    for one in ours:
        assert one.__doc__, one


def test_closed_lists_have_their_words() -> None:
    assert set(LABELS) == set(Role)
    for cause in GapCause:
        assert cause.text.fr
        assert cause.text.en
    for kind in EntryKind:
        assert sentence(Record(index=0, kind=kind, time_us=0, actor=None, commitment=b"")).en


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def test_every_option_of_every_command_says_what_it_is_for() -> None:
    silent, count = [], 0
    for name, (module, summary) in COMMANDS.items():
        assert summary
        app = importlib.import_module(module).app
        for path, command in commands(typer.main.get_command(app), (name,)):
            if not (command.help or "").strip():
                silent.append(" ".join(path))
            for parameter in command.params:
                count += 1
                if not (getattr(parameter, "help", None) or "").strip():
                    silent.append(f"{' '.join(path)} --{parameter.name}")
    assert not silent, silent
    assert count > 60


def keys(dictionary: Path) -> list[tuple[int, str]]:
    """The keys of a dictionary of the console, with their depth, in order."""
    found = re.findall(r"^( +)([A-Za-z_]\w*|'[^']+'):", dictionary.read_text(encoding="utf-8"), flags=re.M)
    return [(len(indent), key) for indent, key in found]


def test_the_console_speaks_both_languages() -> None:
    files = sorted((CONSOLE / "i18n" / "fr").glob("*.ts"))
    assert [file.name for file in files] == sorted(file.name for file in (CONSOLE / "i18n" / "en").glob("*.ts"))
    count = 0
    for file in files:
        french, english = keys(file), keys(CONSOLE / "i18n" / "en" / file.name)
        assert french == english, file.name
        count += len(french)
        for language in ("fr", "en"):
            raw = (CONSOLE / "i18n" / language / file.name).read_text(encoding="utf-8")
            assert not re.search(r": (''|\"\"|``),", raw)
    assert count > 400
