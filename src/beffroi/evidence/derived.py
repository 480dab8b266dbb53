"""The derived copy as a file to hand over: the masked film, its statement, the centre's signature, a read-me."""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.evidence.blur import Masking
from beffroi.evidence.blurcopy import MARK
from beffroi.evidence.seal import KEY_NAME
from beffroi.ledger import canonical
from beffroi.ledger.note import sign_text

FILM: Final = "copie.mp4"
_TITLE: Final = "beffroi derived copy 1"
"""Another text than a package's: neither signature can be shown for the other."""

_README: Final = """Demande {request} : copie dérivée, tiers masqués
================================================

copie.mp4 se lit dans tout lecteur vidéo. Les tiers y sont masqués et elle n'a pas de son : ce n'est pas l'original.
manifest.json dit de quelles images elle a été tirée et quels cadres ont été dessinés ; manifest.sig est la signature
du centre. L'original est détruit à son terme ; une enquête peut en obtenir la copie par réquisition avant cette date.

Request {request}: a derived copy, third parties masked, no sound. It is not the original.
"""


@dataclass(frozen=True, slots=True)
class Derived:
    """What the statement says. ``groups``: SHA-256 of each stored group of pictures, which the register proves;
    ``clear_sha256``: of the clear pictures, in order."""

    request: str
    copy: str
    camera: str
    from_us: int
    to_us: int
    groups: Sequence[str]
    clear_sha256: str
    masking: Masking
    pictures: int
    made_by: str
    agreed_by: str
    made_us: int
    software: str

    def manifest(self, film_sha256: str) -> bytes:
        """Canonical bytes."""
        told: dict[str, Any] = {
            "format": 1,
            "what": MARK,
            "request": self.request,
            "copy": self.copy,
            "camera": self.camera,
            "asked": [self.from_us, self.to_us],
            "source": {"groups": list(self.groups), "clear_sha256": self.clear_sha256},
            "masking": self.masking.as_json(),
            "film": {"path": FILM, "sha256": film_sha256, "pictures": self.pictures},
            "made_by": self.made_by,
            "agreed_by": self.agreed_by,
            "made_us": self.made_us,
            "software": self.software,
        }
        return canonical.dump(told)


def pack(film: Path, out: Path, derived: Derived, key: Ed25519PrivateKey) -> tuple[int, str, str]:
    """The zip file to hand over, confirmed by the disk: its size, its SHA-256, its statement's SHA-256.

    Raises:
        OSError: the disk refuses; nothing is left.
    """
    with film.open("rb") as file:
        manifest = derived.manifest(hashlib.file_digest(file, "sha256").hexdigest())
    digest = hashlib.sha256(manifest).hexdigest()
    making = out.with_suffix(".part")
    try:
        with zipfile.ZipFile(making, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            archive.write(film, FILM)
            archive.writestr("manifest.json", manifest)
            archive.writestr("manifest.sig", sign_text(f"{_TITLE}\n{digest}\n", KEY_NAME, key))
            archive.writestr("LISEZMOI.txt", _README.format(request=derived.request))
        making.chmod(0o600)
        with making.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest()
            fsync_fd(file.fileno(), making)
        making.rename(out)
        fsync_dir(out.parent)
    except BaseException:
        making.unlink(missing_ok=True)
        raise
    return out.stat().st_size, whole, digest
