"""What an inspection gets of the register and of documents: what its mission letters name, where they name anything.

Our reading of CSI L.253-3: the commission inspects at any time, hence without a letter the register stays open to it; a
letter that names communes, cameras, systems or dates bounds the inspection, in rows and papers as in images (the law
decides the images: `beffroi.law.packs.fr.missions`). Several letters add up. What is left out is told, never silently.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from beffroi.domain.clock import instant
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.errors import RefusedError
from beffroi.domain.facts import Camera, Facts, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.law.packs.fr.missions import dated, names_places, reaches
from beffroi.ledger.entry import Record

_MAYOR: Final = "maire/"


class OutsideMissionError(RefusedError):
    """The mission letters are not about this."""

    def __init__(self, reach: "Reach") -> None:
        named = ", ".join(reach.references)
        super().__init__(
            Text(
                fr=f"Votre lettre de mission ({named}) ne porte pas sur ce lieu, ou pas sur ces dates : demandez ce "
                "qu'elle nomme, ou faites-la compléter par son signataire, saisir et confirmer (« Documents »).",
                en=f"Your mission letter ({named}) is not about this place, or not about these dates: ask for what it "
                "names, or have its signatory complete it, then have it entered and confirmed (“Documents”).",
            )
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """The letters that bound a reader; none: nothing is bounded."""

    letters: tuple[Document, ...] = ()

    @property
    def references(self) -> list[str]:
        """What the letters are called."""
        return [str(one.fields.get("reference", one.number)) for one in self.letters]

    @property
    def note(self) -> Text | None:
        """What a paper must say when it is bounded."""
        if not self.letters:
            return None
        named = ", ".join(self.references)
        return Text(
            fr=f"Borné à ce que nomme la lettre de mission {named} : le reste n'est pas montré ici.",
            en=f"Bounded to what mission letter {named} names: the rest is not shown here.",
        )

    def camera(self, camera: Camera) -> bool:
        """Whether a letter is about this camera."""
        return not self.letters or any(reaches(one, camera) for one in self.letters)

    def communes(self, facts: Facts, communes: frozenset[BodyId]) -> frozenset[BodyId]:
        """Those of these communes that a letter is about, wholly or by one of their cameras."""
        reached = {one.commune for one in facts.cameras.values() if self.camera(one)}
        return communes & reached if self.letters else communes

    def record(self, facts: Facts, record: Record) -> bool:
        """Whether an entry is about what a letter names, and happened within its dates. One about no place at all (an
        account, a setting, the register itself) is about the system inspected."""
        if not self.letters:
            return True
        at = instant(record.happened_us)
        return any(dated(one, at, at) and _about(one, facts, record) for one in self.letters)

    def document(self, facts: Facts, paper: Document) -> bool:
        """Whether a paper concerns what a letter names: its communes or cameras, or no place."""
        scope = paper.scope
        if not self.letters or not (scope.bodies or scope.cameras):
            return True
        cameras = [one for one in facts.cameras.values() if self.camera(one)]
        bodies = {one.commune for one in cameras} | {one.responsible for one in cameras}
        return bool(scope.cameras & {one.id for one in cameras} or scope.bodies & bodies)

    def check(self, camera: Camera, span: WallRange) -> None:
        """Before what concerns one camera and some time is told.

        Raises:
            OutsideMissionError: no letter is about both.
        """
        self._check([camera], span)

    def check_commune(self, facts: Facts, commune: BodyId, span: WallRange) -> None:
        """As `check`, for any camera of a commune."""
        self._check([one for one in facts.cameras.values() if one.commune == commune], span)

    def _check(self, cameras: list[Camera], span: WallRange) -> None:
        first, last = instant(span.from_us), instant(span.to_us)
        found = (one for one in self.letters if dated(one, first, last) and any(reaches(one, two) for two in cameras))
        if self.letters and next(found, None) is None:
            raise OutsideMissionError(self)


def reach_of(facts: Facts, person: PersonId, at: datetime) -> Reach:
    """What bounds this reader: the letters of an inspector that run now, unless one of them is about everything. A
    suspended one still bounds: suspending it must not widen what it opened."""
    found = facts.persons.get(person)
    if found is None or found.status is not PersonStatus.INSPECTOR:
        return Reach()
    running = running_letters(facts, person, at)
    if any(not names_places(one) and not {"from", "to"} & set(one.fields) for one in running):
        return Reach()
    return Reach(tuple(running))


def running_letters(facts: Facts, person: PersonId, at: datetime) -> list[Document]:
    """The newest version of each mission letter of a person that runs at this instant, suspended ones included."""
    newest: dict[str, Document] = {}
    for one in facts.documents:
        if one.kind is DocumentKind.MISSION_LETTER and person in one.scope.persons and _runs(one, at):
            newest[one.id] = one
    return list(newest.values())


def _runs(one: Document, at: datetime) -> bool:
    within = one.begins <= at and (one.ends is None or at < one.ends)
    return within and one.status_on(at) in {DocumentStatus.CONFIRMED, DocumentStatus.SUSPENDED}


def _about(letter: Document, facts: Facts, record: Record) -> bool:
    if record.camera is not None:
        camera = facts.cameras.get(CameraId(record.camera))
        return camera is not None and reaches(letter, camera)
    authority, scope = record.authority or "", letter.scope
    if not authority:
        return True
    commune = authority.removeprefix(_MAYOR)
    return not (scope.cameras or scope.systems) and (not scope.bodies or commune in scope.bodies)
