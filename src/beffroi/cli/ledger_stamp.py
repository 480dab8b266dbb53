"""`beffroi ledger stamp`: the checkpoint of the register, kept elsewhere with the time that a third party gave it.

Who holds the register's key can sign another history today; not one that an authority saw yesterday.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from beffroi.evidence.timestamp_client import TimestampSettings

SUFFIX: Final = ".tsr"
"""The time stamp of a file lies beside it under its name and this."""


def stamp(
    directory: Annotated[Path, typer.Argument(help="The register's folder (the one that holds `checkpoint`).")],
    out: Annotated[Path, typer.Argument(help="Where to keep the checkpoint: a file, elsewhere; its .tsr goes beside.")],
    tsa: Annotated[
        str | None, typer.Option("--tsa", help="Address of the authority. Default: timestamp.toml beside the register.")
    ] = None,
    tsa_ca: Annotated[Path | None, typer.Option("--tsa-ca", help="Certificate (PEM) of the authority.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result on standard output.")] = False,
) -> None:
    """Have the register's checkpoint time-stamped and keep both, for `beffroi ledger verify --checkpoint`."""
    from beffroi.base.files import write_durable
    from beffroi.evidence.timestamp_client import ask_stamp
    from beffroi.ledger.note import NoteError, parse_checkpoint

    settings = _settings(directory, tsa, tsa_ca)
    try:
        note = (directory / "checkpoint").read_bytes()
        size = parse_checkpoint(note).size
    except (OSError, NoteError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadInputError(
            Text(
                fr=f"Impossible de lire le point de contrôle de {directory} : {why}.",
                en=f"Cannot read the checkpoint of {directory}: {why}.",
            )
        ) from error
    raw, found = ask_stamp(settings, note)
    try:
        write_durable(out, note, mode=0o644)
        write_durable(stamp_path(out), raw, mode=0o644)
    except OSError as error:
        raise BrokenError(
            Text(
                fr=f"Impossible d'écrire {out} : {error.strerror}. Donnez un fichier d'un dossier qui existe.",
                en=f"Cannot write {out}: {error.strerror}. Give a file in a folder that exists.",
            )
        ) from error
    if as_json:
        print(json.dumps({"checkpoint": str(out), "size": size, "time": found.time}))
        return
    told = Text(
        fr=f"Point de contrôle de {size} écritures gardé dans {out}, horodaté le {found.time} (UTC).",
        en=f"Checkpoint of {size} entries kept in {out}, time-stamped on {found.time} (UTC).",
    )
    print(f"{told.fr}\n  {told.en}")


def stamp_path(checkpoint: Path) -> Path:
    """Where the time stamp of a kept checkpoint lies."""
    return checkpoint.with_name(checkpoint.name + SUFFIX)


def told_of(checkpoint: Path, note: bytes, tsa_ca: Path | None) -> Text | None:
    """When a kept checkpoint was time-stamped; None without a time stamp.

    Args:
        checkpoint: where it was kept; its time stamp lies beside.
        note: what was kept there, as it was signed.
        tsa_ca: certificate of the authority, or None.

    Raises:
        BadInputError: the certificate or the time stamp cannot be read, or there is none to verify.
        BrokenError: the time stamp is not one over this checkpoint, or not by this authority.
    """
    from beffroi.evidence.stamped import check_stamp
    from beffroi.evidence.timestamp import MAX_TOKEN
    from beffroi.evidence.timestamp_trust import read_authorities

    authorities: Sequence[Certificate] = () if tsa_ca is None else read_authorities(tsa_ca)
    path = stamp_path(checkpoint)
    if not path.exists() and tsa_ca is None:
        return None
    try:
        raw = path.read_bytes() if path.exists() and path.stat().st_size <= MAX_TOKEN else None
    except OSError as error:
        raise BadInputError(_refused(checkpoint, error.strerror or "?")) from error
    findings, told = check_stamp(path.exists(), raw, hashlib.sha256(note).digest(), authorities)
    if findings:
        text = _refused(checkpoint, findings[0].detail or findings[0].kind.value)
        raise BrokenError(text) if path.exists() else BadInputError(text)
    when = told[0].detail
    if authorities:
        return Text(
            fr=f"Le point de contrôle gardé existait le {when} (UTC) : horodatage vérifié.",
            en=f"The checkpoint that was kept existed on {when} (UTC): time stamp verified.",
        )
    return Text(
        fr=f"L'horodatage du point de contrôle gardé dit : {when} (UTC). Non vérifié ici : de quelle autorité il vient "
        "(donnez --tsa-ca).",
        en=f"The time stamp of the checkpoint that was kept says: {when} (UTC). Not verified here: which authority it "
        "comes from (give --tsa-ca).",
    )


def _refused(checkpoint: Path, why: str) -> Text:
    return Text(
        fr=f"L'horodatage de {checkpoint} ne tient pas ({why}) : prenez un autre point de contrôle gardé, ou vérifiez "
        "le certificat donné.",
        en=f"The time stamp of {checkpoint} does not hold ({why}): take another checkpoint that was kept, or check the "
        "certificate given.",
    )


def _settings(directory: Path, tsa: str | None, tsa_ca: Path | None) -> "TimestampSettings":
    from beffroi.evidence.timestamp_client import SETTINGS, is_address, read_settings, settings_of

    if tsa is not None and tsa_ca is not None and is_address(tsa):
        return settings_of(tsa, tsa_ca)
    found = read_settings(directory.absolute().parent) if tsa is None and tsa_ca is None else None
    if found is None:
        raise BadInputError(
            Text(
                fr=f"Donnez l'autorité d'horodatage : --tsa (http(s)://…) et --tsa-ca, ou écrivez {SETTINGS} à côté du "
                "registre.",
                en=f"Give the time-stamp authority: --tsa (http(s)://…) and --tsa-ca, or write {SETTINGS} beside the "
                "register.",
            )
        )
    return found
