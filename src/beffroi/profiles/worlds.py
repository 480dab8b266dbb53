"""Profiles as worlds of case files: ``world: profile/oise--regularised``."""

from typing import Final

from beffroi.law.worlds.catalog import register as register_prefix
from beffroi.law.worlds.world import ANYWHERE, World
from beffroi.profiles.card import card_of
from beffroi.profiles.catalogue import build, find

PREFIX: Final = "profile"


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
        seconds={ANYWHERE: scene.seconds},
    )
