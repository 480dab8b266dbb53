"""docs/reference/worlds.md: what each world holds, so that a case can name it."""

from collections.abc import Iterable

from beffroi.domain.documents import Document
from beffroi.domain.facts import Body
from beffroi.law.documents import code
from beffroi.law.worlds.catalog import WORLDS, world
from beffroi.law.worlds.world import World

_HEAD = """# Worlds of case files

Generated from `beffroi.law.worlds`; do not edit. `BEFFROI_REGENERATE=1 pytest tests/law/test_law_worlds_page.py` writes
it. `beffroi law worlds NAME` prints one with what each document is about; [the guide](../guide/case-files.md) says how
to use them. Every document is confirmed and in force from 2024-01-01 to 2027-12-31 unless a world says otherwise.
"""


def page() -> str:
    """The whole page."""
    return "\n".join((_HEAD, *(_section(world(name)) for name in WORLDS)))


def _section(one: World) -> str:
    facts = one.facts
    lines = [
        f"## {one.name}",
        "",
        one.title.en,
        "",
        f"At {one.at.isoformat()}. On call for an extract: {_on_call(one)}.",
        "",
        "| bodies | | |",
        "| --- | --- | --- |",
        *(f"| `{body.id}` | {body.kind.value}, {_form(body)} | {body.name} |" for body in facts.bodies.values()),
        "",
        "| cameras | origin | commune | controller |",
        "| --- | --- | --- | --- |",
        *(f"| `{cam.id}` | {cam.origin.value} | {cam.commune} | {cam.responsible} |" for cam in facts.cameras.values()),
        "",
        "| persons | quality | employer |",
        "| --- | --- | --- |",
        *(f"| `{person.id}` | {person.status.value} | {person.employer} |" for person in facts.persons.values()),
        "",
        "| documents | |",
        "| --- | --- |",
        *_documents(facts.documents),
        "",
    ]
    return "\n".join(lines)


def _on_call(one: World) -> str:
    parts = []
    for commune, persons in sorted(one.seconds.items()):
        names = " or ".join(f"`{person}`" for person in persons)
        parts.append(f"{names} in {commune}" if commune else names)
    return "; ".join(parts) or "nobody"


def _form(body: Body) -> str:
    members = ", ".join(sorted(body.members))
    form = f"form {body.form.value}" if body.form else "no form"
    return f"{form}, members {members}" if members else form


def _documents(documents: Iterable[Document]) -> list[str]:
    by_kind: dict[str, list[str]] = {}
    for one in documents:
        by_kind.setdefault(one.kind.value, []).append(f"`{one.id}`")
    codes = {one.kind.value: code(one.kind) for one in documents}
    return [f"| {codes[kind]} | {', '.join(names)} |" for kind, names in sorted(by_kind.items())]
