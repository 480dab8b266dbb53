"""A reason (motif): what a person says before an image. It comes from a closed list and maps to one purpose."""

from dataclasses import dataclass

from beffroi.domain.acts import Purpose
from beffroi.domain.text import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the closed list.

    ``others`` are purposes that serve instead, in this order, where a camera's order does not give ``purpose``: a
    person in danger does not wait for the right word. ``review``: the act is looked at afterwards by the room
    supervisor.
    """

    id: str
    purpose: Purpose
    text: Text
    others: tuple[Purpose, ...] = ()
    review: bool = False
