"""What goes into a delivery besides its pictures (viewer, read-me, slip), and the slip that the centre prints of it."""

import zipfile
from pathlib import Path
from typing import Final

from beffroi.domain.clock import instant
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.evidence import papers as inside
from beffroi.evidence.build import Papers
from beffroi.evidence.manifest import MANIFEST, Manifest, parse
from beffroi.evidence.registerproof import PATH as LOG
from beffroi.evidence.registerproof import parse_register
from beffroi.publish.slip import Sealed, slip_pdf
from beffroi.registry.desktables import DeskPackageRow

SLIP: Final = "bordereau.pdf"


def papers(note: bytes) -> Papers:
    """The papers of a delivery, under this checkpoint of the register.

    Raises:
        BrokenError: the viewer was not built.
    """
    return Papers(inside.files(), lambda manifest: {SLIP: slip_pdf(manifest, on=instant(manifest.made_us), note=note)})


def printed(path: Path, package: DeskPackageRow, stamped: str) -> bytes:
    """The centre's own paper of a delivery: the slip, with the hashes that a file of the package cannot bear.

    Raises:
        BrokenError: the copy cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest: Manifest = parse(archive.read(MANIFEST))
            note = parse_register(archive.read(LOG)).note
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BrokenError(
            Text(
                fr="La copie de cette remise ne peut pas être lue : refaites-la, et vérifiez le disque du centre.",
                en="The copy of this delivery cannot be read: make the delivery again, and check the centre's disk.",
            )
        ) from error
    sealed = Sealed(package.manifest_sha256, package.sha256, package.size_bytes or 0, stamped)
    return slip_pdf(manifest, on=instant(manifest.made_us), note=note, sealed=sealed)
