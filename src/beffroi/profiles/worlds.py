"""Profiles as worlds of case files: ``world: profile/oise--regularised``."""

from typing import Final

from beffroi.domain.facts import Facts, PersonStatus
from beffroi.law.worlds.catalog import register as register_prefix
from beffroi.law.worlds.world import World
from beffroi.profiles.card import card_of
from beffroi.profiles.catalogue import build, find

PREFIX: Final = "profile"
_VIEWING: Final = frozenset({PersonStatus.MAYOR, PersonStatus.MUNICIPAL_POLICE, PersonStatus.AGREED_AGENT})


def register() -> None:
    """Let case files use the profiles: called once by whoever runs them."""
    register_prefix(PREFIX, world_of)


def world_of(name: str) -> World:
    """The world of a profile.

    Raises:
        NotFoundError: there is none; the sentence lists them.
    """
    profile, _ = find(name)
    scene = build(name)
    return World(
        f"{PREFIX}/{name}",
        card_of(profile.name).title,
        scene.facts,
        scene.at,
        seconds=_on_call(scene.facts),
    )


def _on_call(facts: Facts) -> dict[str, tuple[str, ...]]:
    """By commune, who may stand as the second person of an extract: its mayor, its police, its operators."""
    found: dict[str, tuple[str, ...]] = {}
    for person in facts.persons.values():
        if person.commune is not None and person.status in _VIEWING:
            found[person.commune] = (*found.get(person.commune, ()), person.id)
    return found
