"""Facts as YAML: what `beffroi.law.facts_file` reads back to the letter."""

from typing import Any

import yaml

from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, Camera, Facts, Person, plain


def dump_facts(facts: Facts) -> str:
    """The facts as a YAML text with the lists ``persons``, ``bodies``, ``cameras``, ``documents``."""
    everything = {
        "revision": facts.revision,
        "persons": [_row(one) for one in facts.persons.values()],
        "bodies": [_row(one) for one in facts.bodies.values()],
        "cameras": [_row(one) for one in facts.cameras.values()],
        "documents": [_row(one) for one in facts.documents],
    }
    return yaml.safe_dump(everything, allow_unicode=True, sort_keys=False, width=120)


def _row(value: Person | Body | Camera | Document) -> dict[str, Any]:
    """One fact without what it does not say: an empty field reads as its default."""
    made = {key: one for key, one in plain(value).items() if one not in (None, "", [], {})}
    if "scope" in made:
        made["scope"] = {part: names for part, names in made["scope"].items() if names}
    return made
