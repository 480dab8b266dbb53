"""Passwords: which are accepted (CNIL délibération 2022-100, 80 bits alone) and how they are kept (argon2id)."""

import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

MAX_CHARS: Final = 256
"""A bound on the work an anonymous caller can ask for."""

_CONCURRENT_HASHES: Final = 2
"""Each hash takes 64 MiB: at most this many at once, whoever asks."""

_COMMON: Final = (
    "motdepasse", "azerty", "qwerty", "password", "123456", "abcdef", "bonjour", "soleil", "welcome", "admin",
    "beffroi", "camera", "videoprotection", "vidéoprotection", "mairie", "police", "supervision", "changeme", "letmein",
)  # fmt: skip
"""Words an attacker tries first here. What is left once they are taken out must still hold eight characters."""

_SUBSTITUTES: Final = str.maketrans("@430$51!7", "aaeossiit")


class WeakPasswordError(BadInputError):
    """The password chosen would be found too easily."""


def normalise(password: str) -> str:
    """One form for what different keyboards send for the same password (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _bytes(password: str) -> bytes:
    # JSON can carry half a surrogate pair: a strange password, not an error.
    return normalise(password).encode("utf-8", "surrogatepass")


def check_policy(password: str, *, account: str) -> None:
    """Accept at least 12 characters of four classes, or 14 of three, or 7 words (CNIL 2022-100, case 1).

    Also refused: the account's name inside it, one of the first words tried with little around it, one character or a
    short piece repeated.

    Raises:
        WeakPasswordError: saying what to change.
    """
    typed, password = len(password), normalise(password)
    chars = min(typed, len(password))  # one sign that Unicode spells as three still took one key
    if max(typed, len(password)) > MAX_CHARS:
        raise WeakPasswordError(
            Text(
                fr=f"Le mot de passe dépasse {MAX_CHARS} caractères.",
                en=f"The password is longer than {MAX_CHARS} characters.",
            )
        )
    words = {word.casefold() for word in password.split() if len(word) > 1}
    classes = sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
    )
    long_enough = (chars >= 12 and classes == 4) or (chars >= 14 and classes >= 3) or len(words) >= 7
    if not long_enough:
        raise WeakPasswordError(
            Text(
                fr="Mot de passe trop faible : prenez au moins 12 caractères avec minuscules, majuscules, chiffres et "
                "signes, ou 14 avec trois de ces quatre sortes, ou une phrase d'au moins 7 mots différents.",
                en="Password too weak: take at least 12 characters with lower case, upper case, digits and signs, or "
                "14 with three of these four kinds, or a sentence of at least 7 different words.",
            )
        )
    if _guessable(password, account):
        raise WeakPasswordError(
            Text(
                fr="Ce mot de passe fait partie de ceux qu'on essaie d'abord (mot courant, nom du compte, répétition) "
                ": choisissez-en un autre.",
                en="This password is among those tried first (common word, account name, repetition): choose another.",
            )
        )


def _guessable(password: str, account: str) -> bool:
    plain = password.casefold()
    if account and len(account) >= 4 and account.casefold() in plain:
        return True
    if len(set(plain)) < 6:
        return True
    if any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, len(plain) // 2 + 1)):
        return True
    for text in (plain, plain.translate(_SUBSTITUTES)):
        for word in _COMMON:
            if word in text and len(text.replace(word, "")) < 8:
                return True
    return False


class Passwords:
    """Hashes and checks passwords, argon2id; the default cost is RFC 9106's second recommendation (64 MiB, t=3)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        self._slots = threading.BoundedSemaphore(_CONCURRENT_HASHES)
        self._nobody = self._hasher.hash("nobody")

    def hash(self, password: str) -> str:
        """The encoded hash, with its own salt and cost."""
        with self._slots:
            return self._hasher.hash(_bytes(password))

    def verify(self, encoded: str | None, password: str) -> bool:
        """Whether the password matches. With no hash (unknown account) the same work is done, for nothing."""
        if len(password) > MAX_CHARS:
            password, encoded = "", None
        with self._slots:
            try:
                matches = self._hasher.verify(encoded or self._nobody, _bytes(password))
            except (VerificationError, InvalidHashError):
                return False
        return matches and encoded is not None
