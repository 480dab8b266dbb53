"""Who is there: personal accounts, two factors, sessions. It proves who a person is and grants no right: rights come
from documents (`beffroi.registry`, read by `beffroi.law`)."""

from beffroi.identity.accounts import Account, AccountId, AccountState, Enrolment, Invitation, LiveSession, NewAccount
from beffroi.identity.roles import Role
from beffroi.identity.service import Identity

__all__ = [
    "Account",
    "AccountId",
    "AccountState",
    "Enrolment",
    "Identity",
    "Invitation",
    "LiveSession",
    "NewAccount",
    "Role",
]
