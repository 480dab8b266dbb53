"""The requisition desk of a centre: its store, its holds, its words in the register, and what is told of a case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import PersonStatus
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Call, Frame
from beffroi.evidence.deskstore import CaseFile, DeskStore
from beffroi.identity.roles import Role
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.registry.desktables import DeskHoldRow, DeskPackageRow
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.deskholds import DeskHolds
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

    def reader(self, caller: Caller) -> PersonId | None:
        """Whose cases a caller may read: their own; all, for those who control."""
        return None if caller.role in CONTROLLERS else caller.person

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


def case_json(centre: Centre, case: CaseFile, *, whole: bool = False) -> Json:
    """A case, for those who handle it; ``whole``: for those who may read the whole register, with entry numbers. To
    anybody else a number would tell how much happens elsewhere."""
    row = case.row
    until_us = row.search_until_us if row.search_until_us is not None else centre.clock.wall_us()
    return {
        "id": row.id,
        "kind": row.kind,
        "opened_us": row.opened_us,
        "opened_by": row.opened_by,
        "handlers": row.handlers,
        "search_s": round((until_us - row.opened_us) / 1e6),
        "call": {
            "caller": row.caller,
            "service": row.service,
            "callback": row.callback,
            "verified": row.verified,
            "frame": row.frame,
            "number": row.number,
        },
        "holds": [_hold_json(centre, one, whole=whole) for one in case.holds],
        "papers": [one.document for one in case.papers],
        "packages": [_package_json(one, whole=whole) for one in case.packages],
        "closed_us": row.closed_us,
        "closed_why": row.closed_why,
    }


def _hold_json(centre: Centre, hold: DeskHoldRow, *, whole: bool) -> Json:
    facts = centre.registry.facts()
    camera, commune = facts.cameras.get(hold.camera), commune_name(facts, hold.commune)  # type: ignore[call-overload]  # ids are text in rows
    return {
        "camera": hold.camera,
        "name": camera.name if camera else hold.camera,
        "commune": commune,
        "authority": authority_name(facts, hold.authority, commune).as_dict(),
        "from_us": hold.from_us,
        "to_us": hold.to_us,
        "until_us": hold.until_us,
        "beyond_us": hold.beyond_us,
        "entry": hold.entry if whole else None,
        "files": {"held": hold.held, "growing": hold.growing, "waiting": hold.waiting, "refused": hold.refused},
        "complete": hold.complete,
        "placed_us": hold.placed_us,
        "ended_us": hold.ended_us,
    }


def _package_json(row: DeskPackageRow, *, whole: bool) -> Json:
    """A delivery."""
    names = (
        *("id", "prepared_us", "prepared_by", "second", "agreed_us", "built_us", "size_bytes", "sha256"),
        *("manifest_sha256", "fetched_bytes", "signed_on", "signed_by", "reference", "received_us", "destroyed_us"),
    )
    asked = [{"camera": camera, "from_us": from_us, "to_us": to_us} for camera, from_us, to_us in row.asked]
    return {"asked": asked, "entry": row.entry if whole else None, **{name: getattr(row, name) for name in names}}
