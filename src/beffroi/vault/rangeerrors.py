"""Why a range cannot be made into one file, in words, with what to ask instead."""

from collections.abc import Sequence

from beffroi.domain.clock import instant
from beffroi.domain.errors import BadInputError, BrokenError, NotFoundError
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text


class NoFootageError(NotFoundError):
    """No picture is held in the range."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Aucune image n'est conservée dans cet intervalle : choisissez-en un autre sur le calendrier.",
                en="No picture is held in this range: choose another on the calendar.",
            )
        )


class SettingsChangedError(BadInputError):
    """The camera changed its video settings within the range. ``ranges`` are those that make one file each."""

    def __init__(self, ranges: Sequence[WallRange]) -> None:
        self.ranges = tuple(ranges)
        fr = " puis ".join(f"de {_instant(one.from_us)} à {_instant(one.to_us)}" for one in ranges)
        en = " then ".join(f"from {_instant(one.from_us)} to {_instant(one.to_us)}" for one in ranges)
        super().__init__(
            Text(
                fr=f"La caméra a changé de réglages vidéo dans cet intervalle : demandez {fr} (heures UTC).",
                en=f"The camera changed its video settings within this range: ask {en} (UTC).",
            )
        )


class DamagedFootageError(BrokenError):
    """A stored fragment is not what its file's index says: nothing of it is given."""

    def __init__(self, wall_us: int) -> None:
        super().__init__(
            Text(
                fr=f"Les images de {_instant(wall_us)} (UTC) sont abîmées sur le disque : demandez l'intervalle qui "
                "précède, puis celui qui suit, et faites lancer « beffroi vault check ».",
                en=f"The images of {_instant(wall_us)} (UTC) are damaged on the disk: ask the range before, then the "
                "range after, and have “beffroi vault check” run.",
            )
        )


def _instant(wall_us: int) -> str:
    return instant(wall_us).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
