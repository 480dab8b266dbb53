"""The seven deployments, by name; each dual one in two variants."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text
from beffroi.profiles import (
    ingeagglo,
    ingedep,
    moselle,
    nord_pas_de_calais,
    oise,
    seine_et_yvelines,
    val_d_oise,
)
from beffroi.profiles.shape import Profile, Scene, Variant

PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("ingeagglo", False, ingeagglo.make),
        Profile("seine-et-yvelines", True, seine_et_yvelines.make),
        Profile("oise", True, oise.make),
        Profile("nord-pas-de-calais", False, nord_pas_de_calais.make),
        Profile("val-d-oise", True, val_d_oise.make),
        Profile("moselle", False, moselle.make),
        Profile("ingedep", False, ingedep.make),
    )
}


def find(name: str) -> tuple[Profile, Variant | None]:
    """A profile by name, with the variant where the name says one: ``oise``, ``oise--regularised``.

    Raises:
        NotFoundError: naming those that exist.
    """
    base, twin, suffix = name.partition("--")
    profile = PROFILES.get(base)
    if profile is None or (twin and (not profile.dual or suffix not in set(Variant))):
        known = ", ".join(world_names())
        raise NotFoundError(
            Text(fr=f"Pas de profil « {name} ». Il y a : {known}.", en=f"No profile “{name}”. There are: {known}.")
        )
    return profile, Variant(suffix) if suffix else None


def world_names() -> tuple[str, ...]:
    """The names of all worlds: a dual profile has two."""
    return tuple(
        name
        for profile in PROFILES.values()
        for name in (
            (f"{profile.name}--{Variant.AS_DESCRIBED}", f"{profile.name}--{Variant.REGULARISED}")
            if profile.dual
            else (profile.name,)
        )
    )


def scene_of(profile: Profile, variant: Variant | None = None) -> Scene:
    """The scene of a profile, as described unless ``variant`` says otherwise.

    Regularised is nothing else than the scene as described after all the steps of the way but the optional ones.
    """
    scene = _made(profile.name)
    if variant is not Variant.REGULARISED:
        return scene
    facts = scene.facts
    for step in scene.steps:
        if not step.optional:
            facts = step.apply(facts)
    return replace(scene, facts=facts)


def build(name: str) -> Scene:
    """The scene of a world by name (``moselle``, ``oise--regularised``; ``oise`` is ``oise--as-described``)."""
    return scene_of(*find(name))


@lru_cache(maxsize=16)
def _made(name: str) -> Scene:
    return PROFILES[name].make()
