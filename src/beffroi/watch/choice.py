"""Which stream a browser gets: the one asked for when it can play it, else the other."""

from collections.abc import Mapping, Sequence

from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import StreamName
from beffroi.domain.text import Text

LIVE_ORDER: tuple[StreamName, ...] = ("sub", "main")
REPLAY_ORDER: tuple[StreamName, ...] = ("main", "sub")


class NotPlayableError(BrokenError):
    """This browser plays no stream of the camera."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Cette caméra n'envoie que du H.265, que ce navigateur ne lit pas : faites-lui ajouter un flux "
                "secondaire en H.264, ou regardez-la depuis un poste qui lit le H.265.",
                en="This camera sends H.265 only, which this browser does not play: have a secondary stream in H.264 "
                "added to it, or watch it from a workstation that plays H.265.",
            )
        )


def playable(codec: str, *, h265: bool) -> bool:
    """Whether a browser plays this codec string; H.265 only when it said so."""
    return codec.startswith("avc1.") or (h265 and codec.startswith(("hvc1.", "hev1.")))


def choose(available: Mapping[StreamName, str], order: Sequence[StreamName], *, h265: bool) -> StreamName | None:
    """The first stream, in this order, that exists and plays; None when there is none.

    Args:
        available: codec string of each stream that runs.
        order: `LIVE_ORDER` or `REPLAY_ORDER`.
        h265: whether the browser plays H.265.
    """
    return next((name for name in order if name in available and playable(available[name], h265=h265)), None)
