"""What a mission letter is about: the places and the dates that an inspection's own authority wrote into it.

Our reading of CSI L.253-3: the commission may inspect at any time; a letter that names communes, cameras or systems, or
dates, bounds the inspection that it opens. One that names none is about all that the centre has.
"""

from collections.abc import Iterator
from datetime import datetime

from beffroi.domain.documents import Document
from beffroi.domain.facts import Camera

from .reading import moment


def names_places(letter: Document) -> bool:
    """Whether it names any place."""
    scope = letter.scope
    return bool(scope.bodies or scope.cameras or scope.systems)


def reaches(letter: Document, camera: Camera) -> bool:
    """Whether it is about this camera: its commune or controller, where it names bodies; itself or its system, where it
    names cameras or systems."""
    scope = letter.scope
    if scope.bodies and scope.bodies.isdisjoint({camera.commune, camera.responsible}):
        return False
    return not (scope.cameras or scope.systems) or camera.id in scope.cameras or camera.system in scope.systems


def edges(letter: Document) -> Iterator[datetime]:
    """The instants at which it begins and ceases to be about the images of that moment."""
    for at in (moment(letter, "from"), moment(letter, "to", last=True)):
        if at is not None:
            yield at


def dated(letter: Document, first: datetime, last: datetime) -> bool:
    """Whether all from ``first`` to ``last`` (one instant where they are equal) lies within its dates, where it gives
    any; unreadable: no."""
    begins, ends = moment(letter, "from"), moment(letter, "to", last=True)
    fields = letter.fields
    early = "from" in fields and (begins is None or first < begins)
    late = "to" in fields and (ends is None or last > ends or first >= ends)
    return not (early or late)
