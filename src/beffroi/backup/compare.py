"""What a restored centre can know of its loss: the recorder's journal and revocations, checkpoints kept elsewhere."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.backup.errors import BackupRefusedError
from beffroi.backup.registercopy import PAYLOADS, VERIFIER
from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text
from beffroi.ledger.note import NoteError, open_note, parse_verifier
from beffroi.ledger.verify import verify
from beffroi.vault.sheet import open_revocation
from beffroi.vault.signed import load_public_keys, read_paper


@dataclass(frozen=True, slots=True)
class Found:
    """``lost_entries``: entries of the register that a checkpoint kept elsewhere covers and the restored one has not
    (None: no such checkpoint was given). ``lost_acts``: acts of the recorder that the lost register had taken in and
    its journal no longer has. ``revoked``: cameras that the centre revoked after the back-up."""

    lost_entries: int | None
    lost_acts: int
    revoked: tuple[str, ...]

    def lines(self) -> list[Text]:
        """What the two persons read before they answer."""
        if self.lost_entries is None:
            entries = Text(
                fr="Registre : aucun point de contrôle gardé ailleurs n'a été fourni ; ce qui manque n'est pas connu.",
                en="Register: no checkpoint kept elsewhere was given; what is missing is not known.",
            )
        else:
            entries = Text(
                fr=f"Registre : {self.lost_entries} écriture(s) remises après la sauvegarde ne sont plus là.",
                en=f"Register: {self.lost_entries} entries given out after the back-up are not there any more.",
            )
        acts = Text(
            fr=f"Journal de l'enregistreur : {self.lost_acts} acte(s) ne peuvent plus être repris.",
            en=f"Recorder's journal: {self.lost_acts} acts cannot be taken in again.",
        )
        names = ", ".join(self.revoked) or "–"
        revoked = Text(
            fr=f"Caméras révoquées depuis la sauvegarde, à retirer de nouveau : {names}.",
            en=f"Cameras revoked since the back-up, to be withdrawn again: {names}.",
        )
        return [entries, acts, revoked]

    def as_detail(self) -> dict[str, Any]:
        """For the register's entry."""
        known = {} if self.lost_entries is None else {"lost_entries": self.lost_entries}
        return known | {"lost_acts": self.lost_acts, "revoked": list(self.revoked)}


def compare(data: Path, backup_us: int, *, checkpoints: Sequence[Path] = (), last_seq: int = 0) -> Found:
    """Compare a restored centre with what outlived the loss.

    Args:
        data: the data folder.
        backup_us: the instant of the back-up.
        checkpoints: signed checkpoints kept elsewhere.
        last_seq: the last act of the recorder that the restored register has.

    Raises:
        BackupRefusedError: a checkpoint is not this register's, or the two have parted: persons must look first.
    """
    lost = [_lost_entries(data / "centre", path) for path in checkpoints]
    return Found(
        max(lost) if lost else None,
        _lost_acts(data / "recorder" / "journal.sqlite", last_seq),
        tuple(_revoked(data / "recorder", backup_us)),
    )


def _lost_entries(centre: Path, path: Path) -> int:
    try:
        note = path.read_bytes()
        verifier = parse_verifier((centre / VERIFIER).read_text())
        elsewhere = open_note(note, verifier).size
    except (OSError, NoteError) as error:
        raise BackupRefusedError(
            path.name, "ce point de contrôle n'est pas de ce registre", "this checkpoint is not of this register"
        ) from error
    here = verify(centre / "ledger", verifier, payloads=centre / PAYLOADS)
    if here.checkpoint is None:
        raise BackupRefusedError(path.name, "le registre restauré est illisible", "the restored register is unreadable")
    if elsewhere > here.checkpoint.size:
        return elsewhere - here.checkpoint.size
    if not verify(centre / "ledger", verifier, older=note).clean:
        raise BackupRefusedError(
            path.name, "il contredit le registre restauré", "it contradicts the restored register (fork)"
        )
    return 0


def _lost_acts(journal: Path, last_seq: int) -> int:
    """Acts between what the register has and the oldest that the journal still holds."""
    if not journal.is_file():
        return 0
    try:
        db = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
        try:
            first = db.execute("SELECT MIN(seq) FROM act WHERE seq > ?", (last_seq,)).fetchone()[0]
            newest = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'act'").fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        return 0
    if first is not None:
        return max(0, int(first) - last_seq - 1)
    return max(0, int(newest[0]) - last_seq) if newest else 0


def _revoked(recorder: Path, since_us: int) -> list[str]:
    try:
        trusted: tuple[Ed25519PublicKey, ...] = load_public_keys(recorder / "trust" / "sheet.pub")
    except BeffroiError:
        return []
    found = []
    for path in sorted((recorder / "sheets").glob("*.revoked")):
        try:
            notice = open_revocation(read_paper(path), trusted, name=path.name)
        except BeffroiError:
            continue  # the recorder follows none that is not signed
        if notice.issued_us >= since_us:
            found.append(str(notice.camera))
    return found
