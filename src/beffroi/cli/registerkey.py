"""The register of a stopped centre, for a command that writes into it: its key is where the command looks, or not."""

import fcntl
import os
from pathlib import Path

from beffroi.base.secrets import SecretBrokenError, read_signing_key
from beffroi.domain.clock import Clock
from beffroi.domain.text import Text
from beffroi.ledger.closed import LedgerClosedError
from beffroi.ledger.ledger import Ledger


class KeyApartError(SecretBrokenError):
    """The register's key is not in the centre's folder: a signer of its own has it, or it is lost."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.name, "", "")
        self.text = Text(
            fr=f"La clé du registre n'est pas dans {path}. Si un signataire la garde sous son propre utilisateur : "
            "arrêtez le centre et le signataire, copiez-la là (chmod 600, au nom de qui lance cette commande), "
            "recommencez, effacez la copie (shred -u), relancez-les. Sinon elle est perdue : restaurez-la depuis la "
            "sauvegarde.",
            en=f"The register's key is not in {path}. When a signer keeps it under a user of its own: stop the centre "
            "and the signer, copy it there (chmod 600, owned by whoever runs this command), try again, wipe the copy "
            "(shred -u), start them again. Otherwise it is lost: restore it from the backup.",
        )


def open_register(centre: Path, clock: Clock) -> Ledger:
    """The register in ``centre/ledger``, to be written by this process.

    Raises:
        LedgerClosedError: a running centre has it. KeyApartError: it is stopped, and the key is elsewhere.
        SecretBrokenError, LedgerDamagedError: the key or the register cannot be used.
    """
    folder, key = centre / "ledger", centre / "secrets" / "register.key"
    if not key.exists():
        if _held(folder):
            raise LedgerClosedError("another process has it open")
        raise KeyApartError(key)
    return Ledger.open(folder, clock, read_signing_key(key))


def _held(folder: Path) -> bool:
    """Whether a process has the register open (the lock is that of `Ledger.open`)."""
    try:
        lock_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock_fd)
    return False
