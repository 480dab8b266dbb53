"""An authority's name, in French that people would write."""

import pytest

from beffroi.domain.facts import Body, BodyKind, Facts
from beffroi.domain.ids import BodyId
from beffroi.server.centre import authority_name


@pytest.mark.parametrize(
    ("commune", "name"),
    [
        ("Bourg-Neuf", "maire de Bourg-Neuf"),
        ("Orme-le-Vieux", "maire d'Orme-le-Vieux"),
        ("Les Trois-Moulins", "maire des Trois-Moulins"),
        ("Le Plessis-Gris", "maire du Plessis-Gris"),
    ],
)
def test_a_mayor_is_named_in_french(commune: str, name: str) -> None:
    assert authority_name(Facts(), "maire/1", commune).fr == name


def test_other_authorities_are_named_with_their_body() -> None:
    body = Body(BodyId("D"), BodyKind.DEPARTEMENT, "Le Département", "99")
    facts = Facts.of(bodies=[body])
    assert authority_name(facts, "controller/D", "").fr == "responsable du système (Le Département)"
    assert authority_name(facts, "procureur", "").en == "public prosecutor"
    assert authority_name(facts, "chief/nobody", "").fr == "chef du service"
