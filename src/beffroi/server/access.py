"""Who may call a route. Every route states its rule: there is no way to add one without.

A rule here opens a *tool*, never an image: images are decided by the law, through the gate, call by call.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, WebSocket

from beffroi.domain.errors import RefusedError
from beffroi.domain.text import Text
from beffroi.identity.roles import Role
from beffroi.server.session import Caller, NotLoggedInError, caller_of

EVERY_ROLE: Final = frozenset(Role)


@dataclass(frozen=True)
class Rule:
    """An access rule: its name in the route table, the roles it admits, and the sentence for the others.

    ``roles`` is None for a route that anybody on the network may call.
    """

    name: str
    roles: frozenset[Role] | None
    text: Text


PUBLIC: Final = Rule("public", None, Text(fr="Ouvert à tous.", en="Open to all."))
LOGGED_IN: Final = Rule(
    "logged-in", EVERY_ROLE, Text(fr="Réservé aux personnes connectées.", en="For people who are logged in.")
)
SUPPLY: Final = Rule(
    "documents",
    frozenset(
        {
            Role.ROOM_SUPERVISOR,
            Role.MAYOR,
            Role.ELECTED,
            Role.MUNICIPAL_POLICE,
            Role.DPO,
            Role.INSPECTOR,
            Role.ADMINISTRATOR,
        }
    ),
    Text(
        fr="Les pièces sont tenues par le chef de salle et les maires : adressez-vous à eux.",
        en="Documents are kept by the room supervisor and the mayors: ask them.",
    ),
)
CONFIRM: Final = Rule(
    "confirm",
    # Whom a commune may designate for it (docs/design/registry.md); and, for a commune's first election record, the
    # controllers. The registry then asks for the designation itself.
    frozenset({Role.MAYOR, Role.ELECTED, Role.MUNICIPAL_POLICE, Role.DPO, Role.INSPECTOR}),
    Text(
        fr="Seule une personne désignée par la commune peut confirmer cette pièce.",
        en="Only a person designated by the commune can confirm this document.",
    ),
)
AMEND: Final = Rule(
    "amend-documents",
    frozenset({Role.ROOM_SUPERVISOR, Role.MAYOR, Role.ADMINISTRATOR}),
    Text(
        fr="Saisir ou suspendre une pièce revient au chef de salle ou au maire : adressez-vous à eux.",
        en="Entering or suspending a document is for the room supervisor or the mayor: ask them.",
    ),
)
ROOM: Final = Rule(
    "room",
    frozenset({Role.ROOM_SUPERVISOR}),
    Text(
        fr="Dire qui est devant un écran et revoir les actes revient au chef de salle : adressez-vous à lui.",
        en="Saying who is before a screen and reviewing acts is for the room supervisor: ask them.",
    ),
)
PEOPLE: Final = Rule(
    "people",
    frozenset({Role.ROOM_SUPERVISOR, Role.MAYOR, Role.DPO, Role.INSPECTOR, Role.ADMINISTRATOR}),
    Text(
        fr="Les personnes et leurs agréments sont suivis par le chef de salle et les maires : adressez-vous à eux.",
        en="Persons and their accreditations are followed by the room supervisor and the mayors: ask them.",
    ),
)
DEADLINES: Final = Rule(
    "deadlines",
    frozenset({Role.ROOM_SUPERVISOR, Role.MAYOR, Role.DPO, Role.ADMINISTRATOR}),
    Text(
        fr="Les échéances sont annoncées au chef de salle et aux maires : adressez-vous à eux.",
        en="Deadlines are announced to the room supervisor and the mayors: ask them.",
    ),
)
POSTS: Final = Rule(
    "posts",
    frozenset({Role.ADMINISTRATOR}),
    Text(
        fr="Déclarer ou révoquer un poste revient à l'administrateur : adressez-vous à lui.",
        en="Declaring or revoking a workstation is for the administrator: ask them.",
    ),
)
REGISTER: Final = Rule(
    "register",
    frozenset({Role.DPO, Role.INSPECTOR}),
    Text(
        fr="Le registre complet est lu par le délégué à la protection des données et les contrôleurs : vos propres "
        "actes sont sous « Mes actes ».",
        en="The whole register is read by the data protection officer and inspectors; yours is under “My acts”.",
    ),
)
ACCOUNT: Final = Rule(
    "account",
    frozenset({Role.MAYOR, Role.DPO, Role.INSPECTOR}),
    Text(
        fr="Le compte des enregistrements est lu par le maire, le délégué à la protection des données et les "
        "contrôleurs.",
        en="The account of recordings is read by the mayor, the data protection officer and inspectors.",
    ),
)
VIEWS: Final = Rule(
    "registers",
    frozenset({Role.MAYOR, Role.DPO, Role.INSPECTOR}),
    Text(
        fr="Les registres d'une commune sont lus par son maire, le délégué à la protection des données et les "
        "contrôleurs.",
        en="The registers of a commune are read by its mayor, the data protection officer and inspectors.",
    ),
)
INSPECTION: Final = Rule(
    "inspection",
    frozenset({Role.INSPECTOR}),
    Text(
        fr="Le dossier de contrôle est établi pour la commission départementale et la CNIL.",
        en="The evidence pack is made for the departmental commission and the CNIL.",
    ),
)
ACCOUNTS: Final = Rule(
    "accounts",
    frozenset({Role.ADMINISTRATOR, Role.ROOM_SUPERVISOR}),
    Text(
        fr="Les comptes sont tenus par l'administrateur et le chef de salle : adressez-vous à eux.",
        en="Accounts are kept by the administrator and the room supervisor: ask them.",
    ),
)
INVITE: Final = Rule(
    "invite",
    frozenset({Role.ADMINISTRATOR}),
    Text(
        fr="Ouvrir ou rouvrir un compte revient à l'administrateur : adressez-vous à lui.",
        en="Opening or reopening an account is for the administrator: ask them.",
    ),
)
RESETS: Final = Rule(
    "resets",
    # Three roles, so that two persons remain when the lost factor belongs to one of them.
    frozenset({Role.ADMINISTRATOR, Role.ROOM_SUPERVISOR, Role.DPO}),
    Text(
        fr="Un second facteur perdu se remplace à deux, parmi l'administrateur, le chef de salle et le délégué à la "
        "protection des données.",
        en="A lost second factor is replaced by two of the administrator, the room supervisor and the data protection "
        "officer.",
    ),
)
MACHINE: Final = Rule(
    "machine",
    frozenset({Role.ADMINISTRATOR, Role.TECHNICIAN}),
    Text(
        fr="L'état de la machine est suivi par l'administrateur et le technicien : adressez-vous à eux.",
        en="The state of the machine is followed by the administrator and the technician: ask them.",
    ),
)
CAMERAS: Final = Rule(
    "cameras",
    frozenset({Role.ADMINISTRATOR, Role.TECHNICIAN}),
    Text(
        fr="Les caméras sont ajoutées par l'administrateur ou le technicien : adressez-vous à eux.",
        en="Cameras are added by the administrator or the technician: ask them.",
    ),
)
CAMERA_FILE: Final = Rule(
    "camera-file",
    frozenset({*(SUPPLY.roles or ()), *(CAMERAS.roles or ())}),
    Text(
        fr="Le dossier des caméras est tenu par le technicien, le chef de salle et les maires : adressez-vous à eux.",
        en="The file of each camera is kept by the technician, the room supervisor and the mayors: ask them.",
    ),
)
HEALTH: Final = Rule(
    "health",
    frozenset(
        {Role.OPERATOR, Role.MUNICIPAL_POLICE, Role.MAYOR, Role.TECHNICIAN, Role.ROOM_SUPERVISOR, Role.ADMINISTRATOR}
    ),
    Text(
        fr="L'état des caméras est suivi par la salle et le technicien : adressez-vous à eux.",
        en="Camera health is followed by the room and the technician: ask them.",
    ),
)

TONIGHT: Final = Rule(
    "tonight",
    frozenset({Role.ROOM_SUPERVISOR, Role.ADMINISTRATOR, Role.MAYOR, Role.DPO}),
    Text(
        fr="Qui peut voir quoi ce soir est suivi par le chef de salle et les maires : adressez-vous à eux.",
        en="Who may see what tonight is followed by the room supervisor and the mayors: ask them.",
    ),
)
ROSTER: Final = Rule(
    "roster",
    frozenset({Role.ROOM_SUPERVISOR}),
    Text(
        fr="Le planning est tenu par le chef de salle : adressez-vous à lui.",
        en="The roster is kept by the room supervisor: ask them.",
    ),
)

_HANDLERS: Final = frozenset({Role.OPERATOR, Role.ROOM_SUPERVISOR, Role.MUNICIPAL_POLICE, Role.MAYOR, Role.ELECTED})
DESK: Final = Rule(
    "desk",
    # A role opens the tool; each hold and each extract is then decided for the person.
    _HANDLERS,
    Text(
        fr="Le guichet des réquisitions est tenu par les agents du centre, la police municipale et les maires.",
        en="The requisition desk is kept by the centre's agents, the municipal police and the mayors.",
    ),
)
DESK_READ: Final = Rule(
    "desk-read",
    _HANDLERS | {Role.DPO, Role.INSPECTOR},
    Text(
        fr="Un dossier est lu par qui le traite, le délégué à la protection des données et les contrôleurs.",
        en="A case is read by those handling it, the data protection officer and inspectors.",
    ),
)
SUBJECT: Final = Rule(
    "subject",
    # A role opens the tool; the decision is the controller's, and each image the law's.
    _HANDLERS,
    Text(
        fr="Les demandes des personnes filmées sont suivies par les agents du centre, la police municipale et les "
        "maires.",
        en="Filmed persons' requests are handled by the centre's agents, the municipal police and the mayors.",
    ),
)
SUBJECT_READ: Final = Rule(
    "subject-read",
    _HANDLERS | {Role.DPO, Role.INSPECTOR},
    Text(
        fr="Une demande est lue par qui la traite, le délégué à la protection des données et les contrôleurs.",
        en="A request is read by those handling it, the data protection officer and inspectors.",
    ),
)
SUBJECT_ROUTE: Final = Rule(
    "subject-route",
    frozenset({Role.DPO}),
    Text(
        fr="Dire quelle commune répond revient au délégué à la protection des données : adressez-vous à lui.",
        en="Saying which commune answers is for the data protection officer: ask them.",
    ),
)

TOOLS: Final[dict[str, Rule]] = {
    "wall": LOGGED_IN,
    "replay": LOGGED_IN,
    "acts": LOGGED_IN,
    "health": HEALTH,
    "documents": SUPPLY,
    "people": PEOPLE,
    "room": ROOM,
    "tonight": TONIGHT,
    "roster": TONIGHT,
    "register": REGISTER,
    "registers": VIEWS,
    "seen": REGISTER,
    "inspection": INSPECTION,
    "account": ACCOUNT,
    "accounts": RESETS,
    "cameras": CAMERA_FILE,
    "posts": POSTS,
    "desk": DESK_READ,
}
"""The console's screens and the rule of each. A screen may still show nothing but refusals."""


@dataclass(frozen=True)
class RouteFact:
    """One line of the route table (docs/reference/routes.md is generated from it)."""

    method: str
    path: str
    rule: Rule
    summary: str


class Routes:
    """An APIRouter whose every route carries its rule, enforced before the handler and printed in OpenAPI."""

    def __init__(self) -> None:
        self.router = APIRouter()
        self.table: list[RouteFact] = []

    def _add(self, method: str, path: str, rule: Rule, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        def register(handler: Callable[..., Any]) -> Callable[..., Any]:
            summary = (handler.__doc__ or "").strip().splitlines()[0]
            self.table.append(RouteFact(method, path, rule, summary))
            self.router.add_api_route(
                path,
                handler,
                methods=[method],
                dependencies=[Depends(_enforcer(rule))],
                openapi_extra={"x-access": rule.name},
                summary=summary,
                response_model=None,
                **options,
            )
            return handler

        return register

    def get(self, path: str, rule: Rule, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        """Declare a GET route under a rule."""
        return self._add("GET", path, rule, **options)

    def post(self, path: str, rule: Rule, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        """Declare a POST route under a rule."""
        return self._add("POST", path, rule, **options)

    def delete(self, path: str, rule: Rule, **options: Any) -> Callable[[Callable[..., Any]], Any]:
        """Declare a DELETE route under a rule."""
        return self._add("DELETE", path, rule, **options)

    def websocket(self, path: str, rule: Rule, handler: Callable[[WebSocket], Awaitable[None]]) -> None:
        """Declare a WebSocket under a rule, which the handler enforces itself once it has accepted."""
        summary = (handler.__doc__ or "").strip().splitlines()[0]
        self.table.append(RouteFact("WEBSOCKET", path, rule, summary))
        self.router.add_api_websocket_route(path, handler)


def admit(rule: Rule, caller: Caller | None) -> None:
    """Raise unless the rule admits this caller.

    Raises:
        NotLoggedInError: no session where one is needed.
        RefusedError: the caller's role has not this tool.
    """
    if rule.roles is None:
        return
    if caller is None:
        raise NotLoggedInError
    if caller.role not in rule.roles:
        raise RefusedError(rule.text)


def _enforcer(rule: Rule) -> Callable[[Request], None]:
    def enforce(request: Request) -> None:
        admit(rule, caller_of(request))

    return enforce
