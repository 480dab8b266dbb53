"""CNIL 2022-100: 12 characters of four classes, 14 of three, or 7 words; and nothing that is tried first."""

import string

import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.identities import CHEAP

from beffroi.identity.password import Passwords, WeakPasswordError, check_policy


@pytest.mark.parametrize(
    "password",
    [
        "Tilleul-4rdo",
        "TilleulArdoise47",
        "tilleul-ardoise47",
        "le chat gris dort sous la vieille armoire",
        "Éléphant-Çà-12",
    ],
)
def test_accepted(password: str) -> None:
    check_policy(password, account="operateur")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "Tilleul-4rd",  # 11
        "TilleulArdo47",  # 13 of three
        "tilleulardoisesauvage",  # two classes
        "un deux un deux un deux un deux",  # four different words
        "Motdepasse-2026",
        "M0tdep@sse-26!",
        "Operateur-2026!",  # the account's name
        "Aa1-Aa1-Aa1-Aa1-",
        "Aaaaaaaaaa1-",
        "x" * 257 + "A1-",
    ],
)
def test_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(WeakPasswordError) as refused:
        check_policy(password, account="operateur")
    assert refused.value.text.fr
    assert refused.value.text.en


@given(st.text(max_size=11))
def test_nothing_of_eleven_characters_passes(password: str) -> None:
    if len(set(password.split())) < 7:
        with pytest.raises(WeakPasswordError):
            check_policy(password, account="")


@given(st.text(alphabet=string.ascii_lowercase + string.digits, max_size=60))
def test_two_classes_never_pass_without_seven_words(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        check_policy(password, account="")


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=50)
def test_a_hash_verifies_its_own_password_only(password: str, other: str) -> None:
    encoded = CHEAP.hash(password)
    assert encoded.startswith("$argon2id$")
    assert CHEAP.verify(encoded, password)
    assert not CHEAP.verify(None, password)
    if other != password:
        import unicodedata

        same = unicodedata.normalize("NFKC", other) == unicodedata.normalize("NFKC", password)
        assert CHEAP.verify(encoded, other) is same


def test_two_keyboards_send_one_password() -> None:
    assert CHEAP.verify(CHEAP.hash("caf\u00e9"), "cafe\u0301")


def test_the_cost_is_that_of_rfc_9106_and_unknown_accounts_pay_it() -> None:
    encoded = Passwords().hash("x")
    cost = extract_parameters(encoded)
    assert (cost.memory_cost, cost.time_cost) == (65_536, 3)
    nobody = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    assert extract_parameters(Passwords(nobody)._nobody).memory_cost == 16


def test_a_damaged_hash_is_a_refusal() -> None:
    for damaged in ("", "$argon2id$", "plain", CHEAP.hash("x")[:-4]):
        assert not CHEAP.verify(damaged, "x")
