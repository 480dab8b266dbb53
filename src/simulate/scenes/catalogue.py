"""The scenes on offer."""

from dataclasses import dataclass
from typing import Final

from simulate.nal import Codec
from simulate.scenes.ground import Street
from simulate.scenes.light import DAY, DUSK, NIGHT, RAIN, Light
from simulate.scenes.view import View

FPS: Final = 25
GOP: Final = 50
FRAMES: Final = 60 * FPS
VERSION: Final = 1

_FACING: Final = View(850, 6.0, 230)
_ACROSS: Final = Street("x", (13.0, 20.0), (10.2, 23.5), (-3.0, 0.6))
_DOWN: Final = View(900, 6.0, 200, -1.5)
_ALONG: Final = Street("z", (-3.5, 3.5), (-7.5, 7.5), (21.0, 24.5))


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene. ``number`` is the one of its marks."""

    number: int
    name: str
    caption: str
    view: View
    street: Street
    light: Light
    seed: int
    codec: Codec
    busy: float = 1.0


SCENES: Final = (
    Scene(1, "day", "Grande Rue, jour", _FACING, _ACROSS, DAY, 7, "h264"),
    Scene(2, "night", "Rue du Beffroi, nuit", _DOWN, _ALONG, NIGHT, 7, "h264", 0.8),
    Scene(3, "rain", "Rue des Halles, pluie", _FACING, _ACROSS, RAIN, 23, "h264", 0.8),
    Scene(4, "dusk", "Avenue de la Gare, soir", _DOWN, _ALONG, DUSK, 12, "h265"),
)


def scene(name: str) -> Scene:
    """The scene of this name.

    Raises:
        KeyError: there is none.
    """
    return next((one for one in SCENES if one.name == name), None) or _missing(name)


def _missing(name: str) -> Scene:
    raise KeyError(name)
