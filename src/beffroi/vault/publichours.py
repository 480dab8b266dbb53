"""The public halves of hour keys, as a recorder holds them: signed bundles, verified, never trusted further."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beffroi.base.files import write_durable
from beffroi.domain.errors import BadInputError, BeffroiError, NotFoundError
from beffroi.domain.ids import AuthorityId, authority_slug
from beffroi.domain.text import Text
from beffroi.vault.sealing import hour_of
from beffroi.vault.signed import GROUP_READS, PaperRefusedError, b64, open_paper, read_paper, sign_paper, unb64
from beffroi.vault.term import check_term_days, legal_zone

_KIND: Final = "hour-keys/1"
_FIELDS: Final = {"authority", "first_hour", "issued_us", "keys", "legal_tz", "term_days"}
MAX_HOURS: Final = 24 * 400


class NoHourKeyError(NotFoundError):
    """There is no public key to seal to: nothing can be recorded for this hour."""

    def __init__(self, authority: str, term_days: int, hour: int) -> None:
        super().__init__(
            Text(
                fr=f"Aucune clé publique de {authority} ({term_days} jours) pour l'heure {hour} : l'enregistrement "
                "s'arrête. Faites préparer des clés d'avance et transmettez-les à l'enregistreur.",
                en=f"No public key of {authority} ({term_days} days) for hour {hour}: recording stops. "
                "Have keys prepared ahead and sent to the recorder.",
            )
        )


@dataclass(frozen=True, slots=True)
class Bundle:
    """One verified bundle: public halves of consecutive hours of one authority and term (None: no key)."""

    authority: AuthorityId
    term_days: int
    legal_tz: str
    first_hour: int
    keys: tuple[bytes | None, ...]
    issued_us: int

    @property
    def last_hour(self) -> int:
        """The last hour that has a key; ``first_hour - 1`` when none has."""
        return self.first_hour + max((n for n, key in enumerate(self.keys) if key), default=-1)

    def public(self, hour: int) -> bytes | None:
        """The public half of an hour, when there is one."""
        place = hour - self.first_hour
        return self.keys[place] if 0 <= place < len(self.keys) else None

    @property
    def file_name(self) -> str:
        """Its name in a recorder's ``hours`` folder."""
        return f"{authority_slug(self.authority)}-{self.term_days}d.json"


def encode_bundle(
    *,
    authority: AuthorityId,
    term_days: int,
    legal_tz: str,
    first_hour: int,
    keys: Sequence[bytes | None],
    issued_us: int,
    signer: Ed25519PrivateKey,
) -> bytes:
    """Sign a bundle with the centre's sheet key."""
    body = {
        "authority": authority,
        "first_hour": first_hour,
        "issued_us": issued_us,
        "keys": [None if key is None else b64(key) for key in keys],
        "legal_tz": legal_tz,
        "term_days": term_days,
    }
    return sign_paper(_KIND, body, signer)


def open_bundle(raw: bytes, trusted: Sequence[Ed25519PublicKey], *, name: str = "hour keys") -> Bundle:
    """Verify a bundle.

    Raises:
        PaperRefusedError: forged, truncated, malformed, or with one key for two hours (destroying one hour would then
            leave the other's open).
    """
    body = open_paper(_KIND, raw, trusted, name=name)
    try:
        return _bundle(body)
    except (ValueError, TypeError, KeyError, BadInputError) as error:
        raise PaperRefusedError(name, "son contenu n'est pas cohérent", "its contents do not make sense") from error


def _bundle(body: dict[str, Any]) -> Bundle:
    if set(body) != _FIELDS or not isinstance(body["keys"], list) or len(body["keys"]) > MAX_HOURS:
        raise ValueError("fields")
    keys = tuple(None if key is None else unb64(key) for key in body["keys"])
    real = [key for key in keys if key is not None]
    if any(len(key) != 32 or not any(key) for key in real) or len(set(real)) != len(real):
        raise ValueError("keys")
    first_hour, issued_us, authority = body["first_hour"], body["issued_us"], body["authority"]
    for number in (first_hour, issued_us):
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise ValueError("numbers")
    if not isinstance(authority, str) or not 0 < len(authority) <= 80 or not isinstance(body["legal_tz"], str):
        raise ValueError("names")
    legal_zone(body["legal_tz"])
    return Bundle(
        authority=AuthorityId(authority),
        term_days=check_term_days(body["term_days"]),
        legal_tz=body["legal_tz"],
        first_hour=first_hour,
        keys=keys,
        issued_us=issued_us,
    )


@dataclass
class PublicHours:
    """All bundles a recorder holds. ``problems``: the files refused when loading, each with its sentence."""

    directory: Path
    trusted: tuple[Ed25519PublicKey, ...]
    problems: list[BeffroiError] = field(default_factory=list)
    _bundles: dict[tuple[str, int], Bundle] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path, trusted: Sequence[Ed25519PublicKey]) -> "PublicHours":
        """Read every bundle of a folder; a refused file is a problem, not the end of the others."""
        hours = cls(directory, tuple(trusted))
        for path in sorted(directory.glob("*.json")):
            try:
                bundle = open_bundle(read_paper(path), trusted, name=path.name)
                hours._check_not_stale(bundle, path.name)
            except BeffroiError as error:
                hours.problems.append(error)
                continue
            hours._bundles[bundle.authority, bundle.term_days] = bundle
        return hours

    def install(self, raw: bytes, *, now_us: int, anew: bool = False) -> Bundle:
        """Verify a new bundle, keep it on disk and use it from now on.

        ``anew``: the keyring came back from a back-up without its newest hours, which were made again: their former
        public halves lead nowhere, so another key for an hour held is taken.

        Raises:
            PaperRefusedError: forged, truncated, or stale: older than the one held, ending earlier, already over, or
                giving another key for an hour that has one.
        """
        bundle = open_bundle(raw, self.trusted)
        self._check_not_stale(bundle, bundle.file_name, anew=anew)
        if bundle.last_hour < hour_of(now_us):
            raise PaperRefusedError(bundle.file_name, "ses heures sont passées", "its hours are over")
        self.directory.mkdir(parents=True, exist_ok=True)
        write_durable(self.directory / bundle.file_name, raw, mode=GROUP_READS)
        self._bundles[bundle.authority, bundle.term_days] = bundle
        return bundle

    def public_for(self, authority: str, term_days: int, hour: int) -> bytes:
        """The raw public key to seal to.

        Raises:
            NoHourKeyError: none is held for this hour.
        """
        bundle = self._bundles.get((authority, term_days))
        public = bundle.public(hour) if bundle else None
        if public is None:
            raise NoHourKeyError(authority, term_days, hour)
        return public

    def last_hour(self, authority: str, term_days: int) -> int | None:
        """The last hour that can be recorded, to give the alarm in time; None when nothing can."""
        bundle = self._bundles.get((authority, term_days))
        return bundle.last_hour if bundle and any(bundle.keys) else None

    def legal_tz(self, authority: str, term_days: int) -> str | None:
        """The authority's legal time zone, from its bundle."""
        bundle = self._bundles.get((authority, term_days))
        return bundle.legal_tz if bundle else None

    def bundles(self) -> list[Bundle]:
        """All bundles in use."""
        return list(self._bundles.values())

    def _check_not_stale(self, bundle: Bundle, name: str, *, anew: bool = False) -> None:
        held = self._bundles.get((bundle.authority, bundle.term_days))
        if held is None:
            return
        if bundle.issued_us < held.issued_us or bundle.last_hour < held.last_hour:
            raise PaperRefusedError(name, "il est plus ancien que celui déjà tenu", "it is older than the one held")
        shared = range(max(held.first_hour, bundle.first_hour), held.first_hour + len(held.keys))
        for hour in shared:
            mine, theirs = held.public(hour), bundle.public(hour)
            if mine and theirs and mine != theirs and not anew:
                raise PaperRefusedError(
                    name,
                    "il change la clé d'une heure déjà tenue (si le trousseau a été refait, retirez d'abord l'ancien)",
                    "it changes the key of an hour held (if the keyring was made anew, remove the old bundle)",
                )
