"""The room's door: everything the server and the command line do with accounts."""

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from beffroi.base.bus import Bus
from beffroi.base.db import session_scope
from beffroi.base.secrets import SecretBox
from beffroi.domain.clock import Clock, now
from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Language, Text
from beffroi.identity import invitations, login, resets, throttle
from beffroi.identity.accounts import (
    Account,
    AccountId,
    AccountState,
    Enrolment,
    FactorReset,
    Invitation,
    LiveSession,
    LoginAttempt,
    LoginRefusedError,
    NewAccount,
    NotEntitledError,
    OpenedSession,
    SessionsEnded,
    account_of,
)
from beffroi.identity.password import Passwords
from beffroi.identity.roles import MAY_INVITE, MAY_LOCK, Role
from beffroi.identity.tables import AccountRow, InvitationRow, SessionRow


class Identity:
    """Accounts, factors and sessions.

    Args:
        engine: the centre's database, migrated.
        box: seals the second factors' secrets.
        clock: wall time for terms and codes.
        bus: receives `SessionsEnded` and `LoginAttempt`.
        passwords: the hash and its cost (tests lower it).
    """

    def __init__(
        self,
        engine: Engine,
        box: SecretBox,
        clock: Clock,
        *,
        bus: Bus | None = None,
        passwords: Passwords | None = None,
    ) -> None:
        self._engine = engine
        self._box = box
        self.clock = clock
        self._bus = bus or Bus()
        self._passwords = passwords or Passwords()

    # Opening an account.

    def bootstrap(self, new: NewAccount) -> Invitation:
        """The first account, when there is none.

        Raises:
            NotEntitledError: an account exists; ask an administrator.
        """
        with session_scope(self._engine) as session:
            if session.scalar(select(func.count()).select_from(AccountRow)):
                raise NotEntitledError(
                    "Le premier compte existe déjà : un administrateur invite les suivants.",
                    "The first account exists already: an administrator invites the next ones.",
                )
            row = invitations.open_account(session, new, now(self.clock))
            return invitations.issue_link(session, AccountId(row.id), now(self.clock))

    def invite(self, new: NewAccount, *, by: AccountId) -> Invitation:
        """Open an account and draw its one-time link (48 h). The link's token is returned once and kept nowhere.

        Raises:
            NotEntitledError: only an administrator invites.
            BadInputError: name taken or malformed, or the person already has an account.
        """
        with session_scope(self._engine) as session:
            _entitled(session, by, MAY_INVITE)
            row = invitations.open_account(session, new, now(self.clock))
            return invitations.issue_link(session, AccountId(row.id), now(self.clock))

    def invite_again(self, account: AccountId, *, by: AccountId) -> Invitation:
        """A new link for an account that is still closed; the former link dies.

        Raises:
            NotEntitledError: not an administrator, or the account is open, or was once: a lost factor takes two
                persons, also when the link that they agreed on has expired.
        """
        with session_scope(self._engine) as session:
            _entitled(session, by, MAY_INVITE)
            row = _account(session, account)
            if row.state != AccountState.INVITED.value or resets.was_approved(session, account):
                raise NotEntitledError(
                    "Ce compte a déjà été ouvert : un facteur perdu se remplace à deux personnes.",
                    "This account was opened already: replacing a lost factor takes two persons.",
                )
            return invitations.issue_link(session, account, now(self.clock))

    def accept(self, token: str, password: str) -> Enrolment:
        """First step behind the link: choose a password, receive a second factor to keep.

        Raises:
            LinkRefusedError: unknown, used or expired.
            WeakPasswordError: the link stays good.
        """
        with session_scope(self._engine) as session:
            return invitations.choose_password(
                session, token, password, passwords=self._passwords, box=self._box, now=now(self.clock)
            )

    def enrol(self, token: str, code: str) -> Account:
        """Second step: prove the factor. The account opens, the link dies.

        Raises:
            LinkRefusedError, WrongCodeError.
        """
        with session_scope(self._engine) as session:
            return invitations.prove_factor(session, token, code, box=self._box, now=now(self.clock))

    # Sessions.

    def login(self, name: str, password: str, code: str, *, address: str) -> OpenedSession:
        """Open a session with two factors.

        Raises:
            ThrottledError: too early after failures; nothing was checked.
            LoginRefusedError: anything else, always alike.
        """
        at = now(self.clock)
        name = invitations.normal_name(name)[:200]
        with session_scope(self._engine) as session:
            throttle.count_attempt(session, name, address, at)
        with session_scope(self._engine, read_only=True) as session:
            asked = name if invitations.possible_name(name) else ""  # no database takes a NUL or half a character
            row = session.scalars(select(AccountRow).where(AccountRow.name == asked)).one_or_none()
        # Outside any transaction: the hash takes a tenth of a second on purpose.
        step = login.check_factors(row, password, code, passwords=self._passwords, box=self._box, now=at)
        opened: OpenedSession | None = None
        if row is not None and step is not None:
            with session_scope(self._engine) as session:
                opened = login.open_session(session, row, step, at)
                if opened is not None:
                    throttle.forgive(session, name, address)
        if opened is None:
            self._bus.publish(LoginAttempt(account=None, person=None, address=address, at=at))
            raise LoginRefusedError
        self._bus.publish(LoginAttempt(account=opened.account.id, person=opened.account.person, address=address, at=at))
        return opened

    def session(self, token: str) -> LiveSession | None:
        """The session of a cookie, or None: unknown, ended, expired, or its account is not active."""
        with session_scope(self._engine, read_only=True) as session:
            return login.live_session(session, token, now(self.clock))

    def session_of_key(self, key: str) -> LiveSession | None:
        """As `session`, for who holds the session's key and not its cookie."""
        with session_scope(self._engine, read_only=True) as session:
            return login.session_of_key(session, bytes.fromhex(key), now(self.clock))

    def logout(self, token: str) -> None:
        """End one session; an unknown one is already ended."""
        key = invitations.hash_token(token)
        with session_scope(self._engine) as session:
            opened = session.get(SessionRow, key)
            if opened is None:
                return
            row = _account(session, opened.account)
            session.execute(delete(SessionRow).where(SessionRow.token_hash == key))
        self._ended(row, frozenset({key.hex()}))

    # Locking.

    def lock(self, account: AccountId, *, by: AccountId) -> Account:
        """Lock an account: its sessions end at once (`SessionsEnded`), its links die.

        Raises:
            NotEntitledError: the role may not, or it is the last active administrator.
        """
        with session_scope(self._engine) as session:
            _entitled(session, by, MAY_LOCK)
            row = _account(session, account)
            if row.role == Role.ADMINISTRATOR.value and row.state == AccountState.ACTIVE.value:
                _keep_one_administrator(session, row)
            row.state = AccountState.LOCKED.value
            session.flush()  # a login under way either sees the lock, or its session is among those that end
            keys = login.end_sessions(session, row.id)
            session.execute(delete(InvitationRow).where(InvitationRow.account == row.id))
        self._ended(row, keys)
        return account_of(row)

    def unlock(self, account: AccountId, *, by: AccountId) -> Account:
        """Unlock. The former factors work again; an account that had none yet waits for a new link.

        Raises:
            NotEntitledError: only an administrator, and not for oneself.
        """
        with session_scope(self._engine) as session:
            _entitled(session, by, MAY_INVITE)
            row = _account(session, account)
            if row.state == AccountState.LOCKED.value:
                complete = row.password_hash is not None and row.totp_sealed is not None
                row.state = (AccountState.ACTIVE if complete else AccountState.INVITED).value
            return account_of(row)

    # A lost factor.

    def request_reset(self, account: AccountId, *, by: AccountId) -> FactorReset:
        """Ask to replace a lost factor: see `resets.request`."""
        with session_scope(self._engine) as session:
            return resets.request(session, _account(session, account), _account(session, by), now(self.clock))

    def approve_reset(self, reset: str, *, by: AccountId) -> Invitation:
        """A second person approves: sessions end, old factors die, a one-time link is drawn: see `resets.approve`."""
        with session_scope(self._engine) as session:
            row, invitation = resets.approve(session, reset, _account(session, by), now(self.clock))
            session.flush()
            keys = login.end_sessions(session, row.id)
        self._ended(row, keys)
        return invitation

    def pending_resets(self) -> list[FactorReset]:
        """Requests waiting for a second person."""
        with session_scope(self._engine, read_only=True) as session:
            return resets.pending(session, now(self.clock))

    # Reading.

    def accounts(self) -> list[Account]:
        """All accounts, by name."""
        with session_scope(self._engine, read_only=True) as session:
            return [account_of(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name))]

    def account(self, account: AccountId) -> Account:
        """One account.

        Raises:
            NotFoundError: there is none.
        """
        with session_scope(self._engine, read_only=True) as session:
            return account_of(_account(session, account))

    def set_language(self, account: AccountId, language: Language) -> None:
        """The language in which this person reads the console."""
        with session_scope(self._engine) as session:
            _account(session, account).language = language

    def _ended(self, row: AccountRow, keys: frozenset[str]) -> None:
        account = account_of(row)
        self._bus.publish(SessionsEnded(account=account.id, person=account.person, keys=keys))


def _account(session: Session, account: str) -> AccountRow:
    # What cannot be an id is not looked up: PostgreSQL fails on a NUL instead of finding nothing.
    row = session.get(AccountRow, account) if account.isascii() and account.isprintable() else None
    if row is None:
        raise NotFoundError(Text(fr="Ce compte n'existe pas.", en="There is no such account."))
    return row


def _entitled(session: Session, by: AccountId, roles: frozenset[Role]) -> None:
    row = session.get(AccountRow, by)
    if row is None or row.state != AccountState.ACTIVE.value or Role(row.role) not in roles:
        raise NotEntitledError(
            "Votre rôle ne permet pas cet acte sur un compte : adressez-vous à l'administrateur.",
            "Your role does not allow this on an account: ask the administrator.",
        )


def _keep_one_administrator(session: Session, row: AccountRow) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(AccountRow)
        .where(
            AccountRow.role == Role.ADMINISTRATOR.value,
            AccountRow.state == AccountState.ACTIVE.value,
            AccountRow.id != row.id,
        )
    )
    if not others:
        raise NotEntitledError(
            "C'est le dernier administrateur actif : nommez-en un autre avant de le verrouiller.",
            "This is the last active administrator: appoint another one before locking this one.",
        )
