"""All worlds by name."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text
from beffroi.law.worlds import forms, origins
from beffroi.law.worlds.pooled_epci import pooled_epci
from beffroi.law.worlds.world import World

WORLDS: Final[Mapping[str, Callable[[], World]]] = MappingProxyType(
    {
        "pooled-epci": pooled_epci,
        "commune-alone": forms.commune_alone,
        "police-shared": forms.police_shared,
        "police-epci": forms.police_epci,
        "police-syndicat": forms.police_syndicat,
        "smf": forms.smf,
        "smo": forms.smo,
        "departement": forms.departement,
        "carrier": forms.carrier,
        "origin-d": origins.origin_d,
        "origin-e": origins.origin_e,
        "origin-h": origins.origin_h,
        "origin-m": origins.origin_m,
        "origin-t": origins.origin_t,
        "origin-n": origins.origin_n,
    }
)


_MORE: Final[dict[str, Callable[[str], World]]] = {}


def register(prefix: str, resolve: Callable[[str], World]) -> None:
    """Give this prefix to a room above the law, which the law may not import: ``prefix/name`` is asked of it."""
    _MORE[prefix] = resolve


@lru_cache(maxsize=64)
def world(name: str) -> World:
    """The world of this name.

    Raises:
        NotFoundError: there is none; the sentence lists them.
    """
    prefix, slash, rest = name.partition("/")
    if slash and prefix in _MORE:
        return _MORE[prefix](rest)
    maker = WORLDS.get(name)
    if maker is None:
        names = ", ".join((*WORLDS, *(f"{one}/…" for one in _MORE)))
        raise NotFoundError(
            Text(
                fr=f"Il n'y a pas de monde « {name[:80]} » : écrivez l'un de ceux-ci : {names}.",
                en=f"There is no world “{name[:80]}”: write one of these: {names}.",
            )
        )
    return maker()
