"""Accounts: invite, lock, a lost factor; and the person's own side of an invitation."""

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.identity.accounts import AccountId, Invitation, NewAccount
from beffroi.identity.roles import LABELS, Role
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.server.access import ACCOUNTS, PUBLIC, Routes
from beffroi.server.centre import Centre
from beffroi.server.rendering import Json, iso_instant
from beffroi.server.session import Caller, require_caller


class Accept(BaseModel):
    """First step behind the one-time link. The token travels in the body, never in a URL the server logs."""

    model_config = ConfigDict(extra="forbid")
    token: Annotated[str, Field(max_length=200)]
    password: Annotated[str, Field(max_length=1000)]


class Enrol(BaseModel):
    """Second step: a code proves that the second factor was kept."""

    model_config = ConfigDict(extra="forbid")
    token: Annotated[str, Field(max_length=200)]
    code: Annotated[str, Field(max_length=20)]


class Invite(BaseModel):
    """A new account, for a person that the registry knows."""

    model_config = ConfigDict(extra="forbid")
    account: Annotated[str, Field(max_length=63)]
    person: Annotated[str, Field(max_length=64)]
    role: Role
    label: Annotated[str | None, Field(max_length=120)] = None


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    def note(caller: Caller | None, what: str, account: str) -> None:
        centre.ledger.append(
            Entry(
                EntryKind.ACCOUNT_CHANGED,
                actor=caller.person if caller else None,
                outcome=what,
                detail={"account": account},
            )
        )

    def link(invitation: Invitation) -> Json:
        return {
            "account": invitation.account,
            "link": f"{centre.address}/invitation#{invitation.token}",
            "expires": iso_instant(invitation.expires_at),
        }

    @routes.post("/api/invitations/accept", PUBLIC)
    def accept(body: Accept) -> Json:
        """Behind a one-time link: choose a password, receive a second factor."""
        enrolment = centre.identity.accept(body.token, body.password)
        return {"otpauth": enrolment.otpauth, "secret": enrolment.secret}

    @routes.post("/api/invitations/enrol", PUBLIC)
    def enrol(body: Enrol) -> Json:
        """Behind a one-time link: prove the second factor; the account opens."""
        account = centre.identity.enrol(body.token, body.code)
        note(Caller(account, "", strong=True), "opened", account.id)
        return {"account": account.name}

    @routes.get("/api/accounts", ACCOUNTS)
    def accounts(request: Request) -> Json:
        """All accounts, and the factor resets that wait for a second person."""
        require_caller(request)
        pending = centre.identity.pending_resets()
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
                for account in centre.identity.accounts()
            ],
            "resets": [
                {"id": reset.id, "account": reset.account, "requested_by": reset.requested_by} for reset in pending
            ],
        }

    @routes.post("/api/accounts", ACCOUNTS, status_code=201)
    def invite(body: Invite, request: Request) -> Json:
        """Invite a person; answers the one-time link, once."""
        caller = require_caller(request)
        label = Text(fr=body.label, en=body.label) if body.label else LABELS[body.role]
        new = NewAccount(name=body.account, person=PersonId(body.person), role=body.role, label=label)
        invitation = centre.identity.invite(new, by=caller.account.id)
        note(caller, "invited", invitation.account)
        return link(invitation)

    @routes.post("/api/accounts/{account}/lock", ACCOUNTS)
    def lock(account: str, request: Request) -> Json:
        """Lock an account; its sessions and views end at once."""
        caller = require_caller(request)
        locked = centre.identity.lock(AccountId(account), by=caller.account.id)
        note(caller, "locked", locked.id)
        return {"state": locked.state.value}

    @routes.post("/api/accounts/{account}/unlock", ACCOUNTS)
    def unlock(account: str, request: Request) -> Json:
        """Unlock an account."""
        caller = require_caller(request)
        unlocked = centre.identity.unlock(AccountId(account), by=caller.account.id)
        note(caller, "unlocked", unlocked.id)
        return {"state": unlocked.state.value}

    @routes.post("/api/accounts/{account}/reset-factor", ACCOUNTS)
    def request_reset(account: str, request: Request) -> Json:
        """Ask to replace a lost factor; another person approves."""
        caller = require_caller(request)
        reset = centre.identity.request_reset(AccountId(account), by=caller.account.id)
        note(caller, "reset-requested", account)
        return {"reset": reset.id}

    @routes.post("/api/resets/{reset}/approve", ACCOUNTS)
    def approve_reset(reset: str, request: Request) -> Json:
        """Approve another person's request; answers the one-time link, once."""
        caller = require_caller(request)
        invitation = centre.identity.approve_reset(reset, by=caller.account.id)
        note(caller, "reset-approved", invitation.account)
        return link(invitation)

    return routes
