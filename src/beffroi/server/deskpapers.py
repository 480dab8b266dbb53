"""What goes into a delivery besides its pictures: the read-me, the viewer, the printable slip."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from beffroi.domain.clock import instant
from beffroi.evidence.build import Papers
from beffroi.evidence.manifest import Manifest
from beffroi.publish.slip import slip_pdf

_README: Final = """Dossier {case} : images remises à la procédure
=====================================================

1. Lire : ouvrez index.html dans un navigateur (rien à installer, aucun réseau), ou les fichiers du dossier
   media dans un lecteur vidéo ordinaire.
2. Vérifier : index.html vérifie tout et passe au rouge si un seul octet a changé ; ou bien, sur une machine qui a
   Beffroi : « beffroi evidence verify » suivi du nom de ce dossier. Demandez au centre, par un autre moyen, la ligne de
   sa clé (« beffroi evidence key ») et celle de son registre.
3. Lire ce qui manque : bordereau.pdf dit les caméras, les minutes, les interruptions et leurs causes.

Case {case}: images handed over to the procedure. Open index.html in a browser, or the files of the folder media in any
video player. index.html verifies everything and turns red when one byte differs. bordereau.pdf tells what is missing.
"""


def papers(case: str) -> Papers:
    """The papers of a case's delivery."""
    found: dict[str, bytes] = {"LISEZMOI.txt": _README.format(case=case).encode()}
    viewer = files("beffroi.evidence") / "static" / "index.html"
    if viewer.is_file():
        found["index.html"] = viewer.read_bytes()
    return Papers(found, _slip)


def _slip(manifest: Manifest) -> Mapping[str, bytes]:
    return {"bordereau.pdf": slip_pdf(manifest, on=instant(manifest.made_us))}
