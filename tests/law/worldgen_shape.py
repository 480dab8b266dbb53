"""Random worlds: who pools for whom, under which form."""

from dataclasses import dataclass
from random import Random
from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.ids import PersonId

PLACER: Final = PersonId("placer")
"""Who confirmed the papers and the places."""


@dataclass(frozen=True)
class Shape:
    """What a world is, before its papers: who pools for whom, and the words that its orders use."""

    epci_form: Form | None
    syndicat_form: Form | None
    departments_in: tuple[str, ...]
    through_epci: bool
    pooled: frozenset[str]
    police: str
    departement_of_y: str


def shape(draw: Random) -> Shape:
    """A territory at random: most often one where something is pooled as the law wants."""
    form = draw.choice([Form.D, Form.D, Form.E, Form.E, Form.E, Form.G])
    return Shape(
        epci_form=draw.choice([Form.C] * 8 + [Form.A, Form.G, None]),
        syndicat_form=form,
        departments_in=draw.choice([("D",), ("D",), ("D", "D2"), ()]) if form is Form.E else (),
        through_epci=draw.random() < 0.4,
        pooled=frozenset(draw.choice([("E", "S"), ("E", "S"), ("E",), ("S",)])),
        police=draw.choice(["shared", "shared", "epci", "epci", "both", "communes"]),
        departement_of_y=draw.choice(["99"] * 9 + ["98"]),
    )


_BOTH = frozenset({"E", "S"})
SMALL: Final = (
    Shape(Form.C, Form.E, ("D",), through_epci=False, pooled=_BOTH, police="shared", departement_of_y="99"),
    Shape(Form.C, Form.D, (), through_epci=True, pooled=_BOTH, police="epci", departement_of_y="99"),
)
"""The two shapes of the small world: between them they open every row."""
