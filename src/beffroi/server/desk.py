"""The requisition desk of a centre: its store, its holds, its words in the register."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts, PersonStatus
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Call, CaseKind, Frame
from beffroi.evidence.deskstore import CaseFile, DeskStore, NoCaseError
from beffroi.identity.roles import Role
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.centre import Centre
from beffroi.server.deskholds import DeskHolds
from beffroi.server.missionscope import Reach, reach_of
from beffroi.server.rendering import Json
from beffroi.server.session import Caller
from beffroi.server.sight import sight_of, unknown

_MAY_AGREE: Final = frozenset(
    {
        *(PersonStatus.MAYOR, PersonStatus.ELECTED_DELEGATED, PersonStatus.MUNICIPAL_POLICE),
        *(PersonStatus.AGREED_AGENT, PersonStatus.EPCI_AGENT, PersonStatus.SYNDICAT_AGENT),
        *(PersonStatus.DEPARTEMENT_AGENT, PersonStatus.CONTROLLER_AGENT),
    }
)
"""Those whom the law takes as a second person (conditions of act extract)."""

CONTROLLERS: Final = frozenset({Role.DPO, Role.INSPECTOR})


@dataclass
class Desk:
    """One desk."""

    centre: Centre
    store: DeskStore = field(init=False)
    holds: DeskHolds = field(init=False)

    def __post_init__(self) -> None:
        self.store = DeskStore(self.centre.engine, self.centre.clock)
        self.holds = DeskHolds(self.centre, self.store)

    def cases(self, caller: Caller) -> list[CaseFile]:
        """The cases that a caller may read, newest first: their own; for those who control, all that are within their
        mission. Those of filmed persons' requests are read there."""
        facts = self.centre.registry.facts()
        reach = reach_of(facts, caller.person, now(self.centre.clock))

        def told(case: CaseFile) -> bool:
            return case.kind is not CaseKind.SUBJECT and self._about(case, facts, reach)

        return self.store.listed(self._reader(caller), told)

    def case(self, name: str, caller: Caller) -> CaseFile:
        """One case that a caller may read.

        Raises:
            NoCaseError: there is none, or it is not for them: the same.
        """
        found, facts = self.store.case(name, self._reader(caller)), self.centre.registry.facts()
        if not self._about(found, facts, reach_of(facts, caller.person, now(self.centre.clock))):
            raise NoCaseError
        return found

    @staticmethod
    def _reader(caller: Caller) -> PersonId | None:
        return None if caller.role in CONTROLLERS else caller.person

    @staticmethod
    def _about(case: CaseFile, facts: Facts, reach: Reach) -> bool:
        """Whether an inspector's letters, where they name places, are about one camera of the case: a procedure is
        read whole or not at all. One that holds nothing is about no place."""
        cameras = [facts.cameras.get(CameraId(one.camera)) for one in case.holds]
        return not cameras or any(one is not None and reach.camera(one) for one in cameras) or not reach.letters

    async def enter(
        self,
        outcome: str,
        case: str,
        caller: Caller | None,
        detail: Mapping[str, Any],
        payload: Mapping[str, Any] | None = None,
    ) -> int:
        """One step of a case, in the register, durably."""
        return await self.centre.ledger.append_async(
            Entry(
                EntryKind.DESK,
                actor=caller.person if caller else None,
                session=caller.session[:16] if caller else None,
                outcome=outcome,
                detail={"case": case, **detail},
                payload=payload or {},
            )
        )

    def check_person(self, caller: Caller, person: str) -> None:
        """Whether a person may be named by the caller.

        Raises:
            NotFoundError: unknown, or of another commune: the same.
        """
        facts = self.centre.registry.facts()
        if not sight_of(facts, caller.person).person(facts, facts.persons.get(PersonId(person))):
            raise unknown(person)

    def seconds(self, caller: Caller) -> list[Json]:
        """Who may be asked to agree, among those the caller may know of; the law asks again when it is built."""
        facts = self.centre.registry.facts()
        sight = sight_of(facts, caller.person)
        return [
            {"person": one.id, "label": one.label.as_dict()}
            for _, one in sorted(facts.persons.items())
            if one.id != caller.person and one.status in _MAY_AGREE and sight.person(facts, one)
        ]

    @staticmethod
    def same_call(case: CaseFile, call: Call) -> Call:
        """More cameras for the same call: what is not said again stays as written.

        Raises:
            BadInputError: another frame: that is another case.
        """
        before = case.call
        if call == Call():
            return before
        if call.frame is not before.frame and before.frame is not Frame.NONE:
            raise BadInputError(
                Text(
                    fr="Ce dossier est ouvert sous un autre cadre d'enquête : ouvrez un autre dossier.",
                    en="This case was opened under another frame of investigation: open another case.",
                )
            )
        return call
