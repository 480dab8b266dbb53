"""What can go wrong with a camera, on command."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

Kind = Literal["none", "stall", "silent", "drop", "corrupt", "close", "refuse", "burst", "clock-step", "new-sps"]
_KINDS: Final[tuple[str, ...]] = get_args(Kind)
_SHARE: Final = ("drop", "corrupt")
_SECONDS: Final = ("burst", "clock-step")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and its amount: a share of packets (drop, corrupt) or seconds (burst, clock-step).

    - ``stall``: pictures and reports stop, the connection stays and requests are answered.
    - ``silent``: connections are accepted and nothing is ever answered.
    - ``drop``, ``corrupt``: this share of RTP packets is lost, or has bytes of its payload inverted.
    - ``close``: every connection of the camera is closed once; the next one is served.
    - ``refuse``: every connection is closed, and so is each new one at its first request.
    - ``burst``: pictures are held for so many seconds, then sent at once, again and again.
    - ``clock-step``: the camera's clock leaps by so many seconds (RTP timestamps and sender reports), once.
    - ``new-sps``: from its next key frame the stream is another encoding of the scene, of another size.
    """

    kind: Kind = "none"
    amount: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind}:{self.amount:g}" if self.kind in _SHARE + _SECONDS else self.kind


def parse_fault(written: str) -> Fault:
    """Read ``stall``, ``drop:0.05``, ``burst:3``, ``clock-step:-60``…

    Raises:
        BadInputError: unknown kind, amount missing, out of range or superfluous.
    """
    kind, colon, value = written.strip().partition(":")
    needs_amount = kind in _SHARE + _SECONDS
    if kind not in _KINDS or needs_amount != bool(colon):
        raise _bad(written)
    if not needs_amount:
        return Fault(kind)  # type: ignore[arg-type]  # membership in the literal was tested above
    try:
        amount = float(value)
    except ValueError as error:
        raise _bad(written) from error
    fits = 0 <= amount <= 1 if kind in _SHARE else 0 < amount <= 60 if kind == "burst" else abs(amount) <= 10**6
    if not fits:
        raise _bad(written)
    return Fault(kind, amount)  # type: ignore[arg-type]  # membership in the literal was tested above


def _bad(written: str) -> BadInputError:
    known = "none stall silent drop:0.05 corrupt:0.05 close refuse burst:3 clock-step:60 new-sps"
    return BadInputError(
        Text(fr=f"Panne inconnue « {written} ». Choix : {known}.", en=f"Unknown fault “{written}”. Choose: {known}.")
    )
