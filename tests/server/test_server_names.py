"""An authority's name, in French that people would write."""

import pytest

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
    assert authority_name("maire/1", commune).fr == name
