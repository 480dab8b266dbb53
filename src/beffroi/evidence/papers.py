"""What goes into every package beside the pictures: the offline viewer and the read-me."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

VIEWER: Final = "index.html"
READ_ME: Final = "LISEZMOI.txt"
BUILT: Final = Path(__file__).parent / "static" / VIEWER


def viewer(built: Path = BUILT) -> bytes:
    """The viewer, one HTML file without any outside resource.

    Raises:
        BrokenError: it was not built; says how to.
    """
    try:
        return built.read_bytes()
    except OSError as error:
        raise BrokenError(
            Text(
                fr="La visionneuse des remises n'est pas construite : lancez « make install », puis recommencez.",
                en="The viewer of deliveries was not built: run “make install”, then try again.",
            )
        ) from error


def files(built: Path = BUILT) -> Mapping[str, bytes]:
    """By name, what `Papers.files` takes.

    Raises:
        BrokenError: the viewer was not built.
    """
    return {VIEWER: viewer(built), READ_ME: _READ_ME.encode()}


_READ_ME: Final = """REMISE D'IMAGES DE VIDÉOPROTECTION – BEFFROI
(English below)

Que faire ?
1. Ouvrez index.html (double-clic) dans un navigateur à jour : Chrome, Edge, Firefox ou Safari.
   Rien ne s'installe, rien n'est envoyé : la page n'a pas de réseau.
2. Cliquez sur « Choisir le dossier de la remise », puis donnez le dossier où se trouve ce fichier.
3. La page vérifie tout et le dit : vert, rien n'a changé ; rouge, un fichier a été modifié, et lequel.
   Elle lit les images en avant, en arrière, image par image, plusieurs caméras ensemble.

Les images sont aussi lisibles par un lecteur vidéo ordinaire : media/*.mp4.
Une seconde vérification, indépendante : beffroi evidence verify DOSSIER.
Ne modifiez rien dans ce dossier : travaillez sur une copie. Un fichier ajouté le rend « altéré ».

Ce que contient le dossier
  manifest.json, manifest.sig   ce qui a été demandé et remis, signé par le centre
  manifest.tsr                  horodatage d'un tiers, s'il y en a un
  media/                        les images, telles qu'elles ont été enregistrées
  proof/                        ce qui prouve qu'elles l'ont été, et quand
  verify/keys.txt               les clés du centre : comparez-les avec celles qu'il vous donne autrement
  index.html                    la page de lecture et de vérification
  bordereau.pdf                 le bordereau imprimable, s'il y en a un


DELIVERY OF VIDEO PROTECTION PICTURES – BEFFROI

What to do
1. Open index.html (double click) in an up-to-date browser: Chrome, Edge, Firefox or Safari.
   Nothing is installed, nothing is sent: the page has no network.
2. Press "Choose the folder of the delivery" and give the folder where this file is.
3. The page verifies everything and says so: green, nothing has changed; red, a file was changed, and which.
   It plays the pictures forward, backward, one by one, several cameras together.

An ordinary video player opens the pictures too: media/*.mp4.
A second, independent verification: beffroi evidence verify FOLDER.
Change nothing in this folder: work on a copy. A file that is added makes it "altered".
"""
