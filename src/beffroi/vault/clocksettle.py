"""Two persons say that the clock is right: a signed paper, for this boot and this quarter of an hour only.

The centre's key signs it once both have proven who they are (`beffroi vault clock settle`). Recorder and ring keeper
take it from their folder, once, and each enters it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from beffroi.base.files import unlink_durable, write_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BadInputError, BeffroiError
from beffroi.domain.text import Text
from beffroi.vault.clockstamp import boot_id
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.signed import GROUP_READS, PaperRefusedError, open_paper, read_paper, sign_paper

NAME: Final = "clock-settled.json"
VALID_US: Final = 15 * 60 * 1_000_000
"""A settlement says that the clock is right *now*: it is taken within a quarter of an hour by that clock."""

_KIND: Final = "clock-settlement/1"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What two persons said: in this boot, at this wall time (microseconds), the clock is right. ``by``: person ids."""

    boot: str
    wall_us: int
    by: tuple[str, str]


def two_persons(first: str, second: str) -> tuple[str, str]:
    """Two persons who are two.

    Raises:
        BadInputError: they are the same, or one is not named.
    """
    if not first.strip() or not second.strip() or first == second:
        raise BadInputError(
            Text(
                fr="Deux personnes différentes doivent confirmer l'heure : la vérifier ensemble à une autre horloge.",
                en="Two different persons must confirm the time: check it together against another clock.",
            )
        )
    return first, second


def install(folder: Path, settlement: Settlement, key: Ed25519PrivateKey) -> None:
    """Sign a settlement and put it down for whoever watches this folder."""
    two_persons(*settlement.by)
    body = {"boot": settlement.boot, "by": list(settlement.by), "wall_us": settlement.wall_us}
    write_durable(folder / NAME, sign_paper(_KIND, body, key), mode=GROUP_READS)


def take(
    folder: Path,
    trusted: Sequence[Ed25519PublicKey],
    watch: ClockWatch,
    clock: Clock,
    *,
    enter: Callable[[Settlement], object],
    boot: str | None = None,
) -> Settlement | None:
    """Take the settlement that lies in a folder, if any: the watch believes the wall clock from now on. A paper that is
    forged, of another boot or too old is set aside with a log line, never followed.

    Args:
        folder: where `install` put it.
        trusted: keys of the centre.
        watch: what is settled.
        clock: the wall clock that is meant.
        enter: told the settlement before it is followed; what it raises leaves all as it was.
        boot: this boot's name (default: the kernel's).

    Raises:
        OSError, FsyncFailedError: the disk refuses.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        found = _opened(read_paper(path), trusted)
        here = boot_id() if boot is None else boot
        if found.boot != here or not abs(clock.wall_us() - found.wall_us) <= VALID_US:
            raise PaperRefusedError(
                NAME, "il est d'un autre démarrage ou d'une autre heure", "it is of another start or another hour"
            )
    except BeffroiError as error:
        _log.error("settlement of the clock refused", why=error.text.en)
        unlink_durable(path)
        return None
    enter(found)
    watch.settle()
    unlink_durable(path)
    return found


def _opened(raw: bytes, trusted: Sequence[Ed25519PublicKey]) -> Settlement:
    body = open_paper(_KIND, raw, trusted, name=NAME)
    by = body.get("by")
    good = set(body) == {"boot", "by", "wall_us"} and type(body["wall_us"]) is int and isinstance(body["boot"], str)
    if not good or not isinstance(by, list) or len(by) != 2 or not all(isinstance(one, str) for one in by):
        raise PaperRefusedError(NAME, "ses champs ne sont pas ceux attendus", "its fields are not the expected ones")
    return Settlement(body["boot"], body["wall_us"], two_persons(*by))
