"""Accounts: invite, lock, a lost factor; and the person's own side of an invitation."""

from typing import Annotated, Final

from fastapi import Request
from pydantic import Field

from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.facts import PersonStatus
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.identity.accounts import Account, AccountId, Invitation, NewAccount
from beffroi.identity.roles import LABELS, Role
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.access import ACCOUNTS, INVITE, PUBLIC, RESETS, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.inspection import refuse_obstruction
from beffroi.server.rendering import Json, iso_instant
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import sight_of, unknown


class Accept(Body):
    """First step behind the one-time link. The token travels in the body, never in a URL the server logs."""

    token: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1000)]


class Enrol(Body):
    """Second step: a code proves that the second factor was kept."""

    token: Annotated[str, Field(max_length=200)]
    code: Annotated[str, Field(max_length=20)]


class Invite(Body):
    """A new account, for a person that the registry knows."""

    account: Annotated[str, Field(max_length=63)]
    person: Annotated[str, Field(max_length=64)]
    role: Role
    label: Annotated[str | None, Field(max_length=120)] = None


_NO_ACCOUNT: Final = Text(fr="Ce compte n'existe pas.", en="There is no such account.")
_NO_RESET: Final = Text(
    fr="Cette demande n'existe pas, a déjà servi ou a plus de 24 h.",
    en="This request does not exist, has been used or is older than 24 h.",
)
_NOT_THEIR_ROLE: Final = Text(
    fr="Ce rôle n'est pas celui de cette personne au référentiel : choisissez le rôle de sa fonction.",
    en="This role is not that of this person in the registry: choose the role of their office.",
)

_AGENTS: Final = frozenset(
    {
        PersonStatus.EPCI_AGENT,
        PersonStatus.SYNDICAT_AGENT,
        PersonStatus.AGREED_AGENT,
        PersonStatus.DEPARTEMENT_AGENT,
        PersonStatus.MUNICIPAL_POLICE,
        PersonStatus.PRIVATE_OPERATOR,
        PersonStatus.CARRIER_AGENT,
    }
)
FITTING: Final[dict[Role, frozenset[PersonStatus]]] = {
    Role.OPERATOR: _AGENTS,
    Role.ROOM_SUPERVISOR: _AGENTS | {PersonStatus.DGS},
    Role.MUNICIPAL_POLICE: frozenset({PersonStatus.MUNICIPAL_POLICE, PersonStatus.AGREED_AGENT}),
    Role.MAYOR: frozenset({PersonStatus.MAYOR}),
    Role.ELECTED: frozenset({PersonStatus.ELECTED, PersonStatus.ELECTED_DELEGATED}),
    Role.TECHNICIAN: frozenset({PersonStatus.TECHNICIAN}),
    Role.DPO: frozenset({PersonStatus.DPO}),
    Role.INSPECTOR: frozenset({PersonStatus.INSPECTOR}),
}
"""Whoever invites does not choose at will: an account that reads the whole register is for one whose office that is."""


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.post("/api/invitations/accept", PUBLIC)
    def accept(body: Accept) -> Json:
        """Behind a one-time link: choose a password, receive a second factor."""
        enrolment = centre.identity.accept(body.token, body.password)
        return {"otpauth": enrolment.otpauth, "secret": enrolment.secret}

    @routes.post("/api/invitations/enrol", PUBLIC)
    def enrol(body: Enrol) -> Json:
        """Behind a one-time link: prove the second factor; the account opens."""
        account = centre.identity.enrol(body.token, body.code)
        _note(centre, Caller(account, "", strong=True), "opened", account.id)
        return {"account": account.name}

    _inviting(routes, centre)
    _keeping(routes, centre)
    return routes


def _inviting(routes: Routes, centre: Centre) -> None:
    @routes.post("/api/accounts", INVITE, status_code=201)
    def invite(body: Invite, request: Request) -> Json:
        """Invite a person; answers the one-time link, once."""
        caller = require_caller(request)
        person = centre.registry.facts().persons.get(PersonId(body.person))
        if person is None:
            raise unknown(body.person)
        if person.status not in FITTING.get(body.role, {person.status}):
            raise BadInputError(_NOT_THEIR_ROLE)
        label = Text(fr=body.label, en=body.label) if body.label else LABELS[body.role]
        new = NewAccount(name=body.account, person=PersonId(body.person), role=body.role, label=label)
        invitation = centre.identity.invite(new, by=caller.account.id)
        _note(centre, caller, "invited", invitation.account)
        return _link(centre, invitation)

    @routes.post("/api/accounts/{account}/invite", INVITE)
    def invite_again(account: str, request: Request) -> Json:
        """Another one-time link for an account that was never opened; the former dies. Answers it once."""
        caller = require_caller(request)
        invitation = centre.identity.invite_again(_known(centre, caller, account), by=caller.account.id)
        _note(centre, caller, "invited", invitation.account)
        return _link(centre, invitation)


def _keeping(routes: Routes, centre: Centre) -> None:
    @routes.get("/api/accounts", RESETS)
    def accounts(request: Request) -> Json:
        """Accounts in the caller's scope, and their factor resets that wait for a second person."""
        caller = require_caller(request)
        kept = [account for account in centre.identity.accounts() if _keeps(centre, caller, account)]
        ids = {account.id for account in kept}
        pending = [reset for reset in centre.identity.pending_resets() if reset.account in ids]
        return {
            "accounts": [
                {
                    "id": account.id,
                    "account": account.name,
                    "person": account.person,
                    "role": account.role.value,
                    "name": account.label.as_dict(),
                    "state": account.state.value,
                }
                for account in kept
            ],
            "resets": [
                {"id": reset.id, "account": reset.account, "requested_by": reset.requested_by} for reset in pending
            ],
        }

    @routes.post("/api/accounts/{account}/lock", ACCOUNTS)
    def lock(account: str, request: Request) -> Json:
        """Lock an account; its sessions and views end at once."""
        caller = require_caller(request)
        locked = centre.identity.lock(_no_inspection(centre, _known(centre, caller, account)), by=caller.account.id)
        _note(centre, caller, "locked", locked.id)
        return {"state": locked.state.value}

    @routes.post("/api/accounts/{account}/unlock", INVITE)
    def unlock(account: str, request: Request) -> Json:
        """Unlock an account."""
        caller = require_caller(request)
        unlocked = centre.identity.unlock(_known(centre, caller, account), by=caller.account.id)
        _note(centre, caller, "unlocked", unlocked.id)
        return {"state": unlocked.state.value}

    @routes.post("/api/accounts/{account}/reset-factor", RESETS)
    def request_reset(account: str, request: Request) -> Json:
        """Ask to replace a lost factor; another person approves."""
        caller = require_caller(request)
        reset = centre.identity.request_reset(_known(centre, caller, account), by=caller.account.id)
        _note(centre, caller, "reset-requested", account)
        return {"reset": reset.id}

    @routes.post("/api/resets/{reset}/approve", RESETS)
    def approve_reset(reset: str, request: Request) -> Json:
        """Approve another person's request; answers the one-time link, once."""
        caller = require_caller(request)
        asked = next((one for one in centre.identity.pending_resets() if one.id == reset), None)
        if asked is None:
            raise NotFoundError(_NO_RESET)
        try:
            _known(centre, caller, asked.account)
        except NotFoundError as error:
            raise NotFoundError(_NO_RESET) from error
        invitation = centre.identity.approve_reset(reset, by=caller.account.id)
        _note(centre, caller, "reset-approved", invitation.account)
        return _link(centre, invitation)


def _known(centre: Centre, caller: Caller, account: str) -> AccountId:
    """The account, unless it is another commune's: then it is as if it were not there."""
    found = next((one for one in centre.identity.accounts() if one.id == account), None)
    if found is None or not _keeps(centre, caller, found):
        raise NotFoundError(_NO_ACCOUNT)
    return found.id


def _keeps(centre: Centre, caller: Caller, account: Account) -> bool:
    """Whether this account is of the caller's keeping: all for the administrator of the installation and the data
    protection officer; for a room supervisor, those of the communes served."""
    if caller.role in {Role.ADMINISTRATOR, Role.DPO}:
        return True
    facts = centre.registry.facts()
    return sight_of(facts, caller.person).person(facts, facts.persons.get(account.person))


def _no_inspection(centre: Centre, account: AccountId) -> AccountId:
    """The account, unless it is that of an inspection under way: that one is not locked (CSI L.254-1)."""
    person = next(one.person for one in centre.identity.accounts() if one.id == account)
    refuse_obstruction(centre.registry.facts(), person, now(centre.clock))
    return account


def _note(centre: Centre, caller: Caller, what: str, account: str) -> None:
    centre.ledger.append(
        Entry(EntryKind.ACCOUNT_CHANGED, actor=caller.person, outcome=what, detail={"account": account})
    )


def _link(centre: Centre, invitation: Invitation) -> Json:
    return {
        "account": invitation.account,
        "link": f"{centre.address}/invitation#{invitation.token}",
        "expires": iso_instant(invitation.expires_at),
    }
