"""Which stream a browser gets: the one asked for when it can play it, else the other."""

from collections.abc import Mapping, Sequence

from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import StreamName
from beffroi.domain.text import Text

LIVE_ORDER: tuple[StreamName, ...] = ("sub", "main")
LIVE_LARGE_ORDER: tuple[StreamName, ...] = ("main", "sub")
REPLAY_ORDER: tuple[StreamName, ...] = ("main", "sub")


class NotPlayableError(BrokenError):
    """No stream of the camera can be shown in this browser, or none runs."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Aucun flux de cette caméra ne peut être affiché ici : elle n'émet pas, ou seulement en H.265, que "
                "ce navigateur ne lit pas. Ajoutez un flux secondaire en H.264.",
                en="No stream of this camera can be shown here: it sends none, or H.265 only, which this browser does "
                "not play. Add a secondary stream in H.264.",
            )
        )


def playable(codec: str, *, h265: bool) -> bool:
    """Whether a browser plays this codec string; H.265 only when it said so."""
    return codec.startswith("avc1.") or (h265 and codec.startswith(("hvc1.", "hev1.")))


def choose(available: Mapping[StreamName, str], order: Sequence[StreamName], *, h265: bool) -> StreamName:
    """The first stream, in this order, that exists and plays.

    Args:
        available: codec string of each stream that runs.
        order: `LIVE_ORDER`, `LIVE_LARGE_ORDER` or `REPLAY_ORDER`.
        h265: whether the browser plays H.265.

    Raises:
        NotPlayableError: none.
    """
    for stream in order:
        if stream in available and playable(available[stream], h265=h265):
            return stream
    raise NotPlayableError
