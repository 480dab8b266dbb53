"""Withdrawal: a document is suspended while somebody watches; the picture goes, the reason comes, no byte follows."""

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from beffroi.cli.house import House
from beffroi.cli.ingeagglo import SUPERVISOR
from beffroi.cli.opening import opened_registry
from beffroi.cli.promises.browser import Desk
from beffroi.cli.promises.client import Json, Person
from beffroi.cli.promises.listening import Listener, listening
from beffroi.cli.promises.report import Figure, Kept, PromiseBrokenError, demand, kept
from beffroi.cli.promises.waiting import wait_until
from beffroi.domain.documents import Document, DocumentKind
from beffroi.profiles.ingeagglo_places import LAPSING_CAMERA

CAMERA: Final = "bn-place-du-marche"
OTHER_CAMERA: Final = "sa-place-de-la-mairie"
ACCREDITATION: Final = "accreditation/p-operator"
ORDER_ARTICLE: Final = "CSI L.252-1"
CUT_TARGET_S: Final = 5.0
_SILENCE_S: Final = 6.0
_SHOWN_S: Final = 10.0
"""A view that opens so long before the end of the order has shown something, on a busy machine too."""

_REASON: Final = "Contrôle du centre : l'agrément est suspendu."


def withdrawal(desk: Desk, supervisor: Person, *, silence_s: float = _SILENCE_S) -> Kept:
    """The operator's accreditation is suspended: the tile blanks, the card cites the article, the socket falls silent.

    Afterwards the operator sees nothing more in this house: run it last, or `restore`.

    Raises:
        PromiseBrokenError: a picture or a byte outlives the right, or the person is not told why.
    """
    documents = {one["id"]: one for one in supervisor.get("/api/documents").body}
    demand(
        documents.get(ACCREDITATION, {}).get("in_force"),
        f"« {ACCREDITATION} » n'est pas en vigueur",
        f"“{ACCREDITATION}” is not in force",
    )
    desk.empty_wall()
    desk.put(CAMERA)
    desk.until(lambda: desk.tiles().get(CAMERA, {}).get("frames", 0) > 10, "le direct / the live picture", 30)
    operator = desk.person()
    with listening(operator, OTHER_CAMERA) as live, listening(operator, OTHER_CAMERA, "replay") as back:
        desk.until(lambda: len(live.fragments) > 10 and back.fragments, "les octets / the bytes", 30)
        suspended_s = time.monotonic()
        answer = supervisor.post(f"/api/documents/{ACCREDITATION}/suspend", {"reason": _REASON})
        demand(answer.status == 200, f"Suspension refusée : {answer.body}", f"Suspension refused: {answer.body}")
        desk.until(lambda: _blank(desk), "la vignette vide / a blank tile", 3 * CUT_TARGET_S)
        blank_s = time.monotonic() - suspended_s
        _card_says_why(desk)
        desk.until(lambda: live.cut and back.cut, "l'avis de coupure / the notice of the cut", 3 * CUT_TARGET_S)
        back.ask_more()
        end_s = time.monotonic() + silence_s
        desk.until(lambda: time.monotonic() >= end_s, "le silence / silence", 2 * silence_s)
    late = live.bytes_after_cut + back.bytes_after_cut
    demand(late == 0, f"{late} octets après la coupure", f"{late} bytes after the cut")
    refusal: Json = (live.cut or {})["refusal"]
    demand(refusal and refusal["articles"], "La coupure ne cite aucun article", "The cut cites no article")
    last_s = max(live.fragments[-1][0], back.fragments[-1][0])
    again = _asked_again(operator)
    demand(again == 403, f"Redemandée, la vue répond {again}", f"Asked again, the view answers {again}")
    return kept(
        f"Retrait : « {refusal['sentence']['fr']} » ({', '.join(refusal['articles'])})",
        Figure("vignette vide en", round(blank_s, 2), "s", CUT_TARGET_S),
        Figure("dernier octet à", round(max(0.0, last_s - suspended_s), 2), "s", CUT_TARGET_S),
        Figure("octets après la coupure, direct et relecture", late, "", 0, timing=False),
    )


def lapse(house: House, *, key: str = "mayor2", notice_s: float | None = None) -> Kept:
    """The order of a camera ends while its own mayor watches: the view is cut at that instant, and recording stops.

    With ``notice_s``, the order is shortened while they watch, to end so many seconds later, and restored at the end.
    When the order has ended already, what is left to see is the refusal.

    Raises:
        PromiseBrokenError: a byte comes more than the target after the end, no article is cited, or recording goes on.
    """
    if house.world is None:
        raise PromiseBrokenError("La maison n'est pas construite", "The house is not built")
    person, ends = house.login(key), house.world.lapses_at
    person.duty("watch")
    late_s, reason, before = None, None, None
    with person.socket() as socket, contextlib.ExitStack() as at_end:
        opened = person.obtain_view(socket.connection_id, LAPSING_CAMERA)
        if opened.status == 201:
            socket.send({"type": "lease", "lease": opened.body["lease"]})
            listener = Listener(socket)
            if notice_s is not None:
                _until_shown(listener)
                before = _lapsing_order(house)
                at_end.callback(_replace, house, person, before)  # first: a shortening may fail halfway
                ends = shorten(house, person, before, notice_s)
            seen_s = (ends - datetime.now(UTC)).total_seconds()
            while listener.cut is None and _since(ends) < 3 * CUT_TARGET_S and socket.closed is None:
                listener.read()
            demand(listener.cut, "La vue n'a pas été coupée", "The view was not cut")
            reason = listener.cut["refusal"] if listener.cut else None
            late_s = round(_since(ends), 2)
            demand(late_s >= -1, f"Coupée {-late_s:.1f} s trop tôt", f"Cut {-late_s:.1f} s too early")
            demand(listener.fragments or seen_s < _SHOWN_S, "Rien n'a été montré avant", "Nothing was shown before")
        else:
            reason = opened.body["error"]["refusal"]
        demand(
            reason and ORDER_ARTICLE in reason["articles"],
            f"Refus sans « {ORDER_ARTICLE} » : {reason}",
            f"Refused without “{ORDER_ARTICLE}”: {reason}",
        )
        while _recorded(person) and _since(ends) < 3 * CUT_TARGET_S:
            time.sleep(0.2)
        demand(not _recorded(person), "L'enregistrement continue sans arrêté", "Recording goes on without an order")
    if before is not None:
        wait_until(lambda: _recorded(person), "l'enregistrement sous l'arrêté rétabli", "recording again")
    if late_s is None:
        return kept("Arrêté déjà à son terme : la caméra est refusée à son propre maire, elle n'est plus enregistrée")
    return kept(
        "Arrêté qui prend fin : la vue est coupée, même pour son maire, et l'enregistrement s'arrête",
        Figure("coupure", late_s, "s", CUT_TARGET_S),
    )


def _lapsing_order(house: House) -> Document:
    """The order under which the lapsing camera is recorded now."""
    with opened_registry(house.data) as (registry, _):
        (held,) = registry.facts().about(DocumentKind.PREFECT_ORDER, LAPSING_CAMERA, datetime.now(UTC))
    return held


def shorten(house: House, mayor: Person, held: Document, notice_s: float) -> datetime:
    """The lapsing camera's order enters anew with its end in so many seconds, and the mayor confirms it. Gives the
    instant of the new end."""
    ends = datetime.now(UTC) + timedelta(seconds=notice_s)
    _replace(house, mayor, replace(held, valid_until=ends))
    return ends


def _replace(house: House, mayor: Person, order: Document) -> None:
    """Beside the running centre, as the command line does; confirmed at the centre."""
    with opened_registry(house.data) as (registry, _):
        registry.propose(order, by=SUPERVISOR)

    def confirmed() -> bool:
        return mayor.post(f"/api/documents/{order.id}/confirm").status == 200

    wait_until(confirmed, "la confirmation de l'arrêté", "the order to be confirmed", poll_s=0.1)


def _until_shown(listener: Listener) -> None:
    def shown() -> bool:
        listener.read()
        return bool(listener.fragments)

    wait_until(shown, "les premières images", "the first pictures")


def _since(instant: datetime) -> float:
    return (datetime.now(UTC) - instant).total_seconds()


def _recorded(person: Person) -> bool:
    """Whether the lapsing camera is being recorded, as the centre tells it."""
    for commune in person.get("/api/cameras").body["communes"]:
        for camera in commune["cameras"]:
            if camera["id"] == LAPSING_CAMERA:
                return bool(camera["health"]["state"] == "recording")
    return False


def restore(supervisor: Person, mayor: Person) -> None:
    """A new version of the accreditation, entered by the supervisor and confirmed by the mayor.

    Raises:
        PromiseBrokenError: the centre does not take it.
    """
    held = supervisor.get(f"/api/documents/{ACCREDITATION}").body
    last = held["versions"][0]
    proposed = supervisor.post(
        "/api/documents",
        {
            "kind": "accreditation",
            "name": ACCREDITATION.partition("/")[2],
            "number": f"{held['number']}-bis",
            "signed_on": last["signed_on"],
            "signatory": held["signatory"],
            "valid_from": held["valid_from"],
            "persons": last["scope"]["persons"],
            "fields": last["fields"],
        },
    )
    demand(proposed.status == 201, f"Proposition refusée : {proposed.body}", f"Proposal refused: {proposed.body}")
    confirmed = mayor.post(f"/api/documents/{ACCREDITATION}/confirm")
    demand(confirmed.status == 200, f"Confirmation refusée : {confirmed.body}", f"Refused: {confirmed.body}")


def _blank(desk: Desk) -> bool:
    """No picture in the tile: hidden, and its element emptied."""
    video = desk.tile(CAMERA).locator("video")
    gone: bool = video.evaluate(
        "video => getComputedStyle(video).visibility === 'hidden' && !video.hasAttribute('src') && !video.videoWidth"
    )
    return gone


def _card_says_why(desk: Desk) -> None:
    words = desk.tile(CAMERA).inner_text()
    for expected in ("agrément", "L.132-14"):
        demand(
            expected in words,
            f"La vignette coupée ne dit pas « {expected} » : {words!r}",
            f"The tile that was cut does not say “{expected}”: {words!r}",
        )


def _asked_again(operator: Person) -> int:
    with operator.socket() as socket:
        return operator.obtain_view(socket.connection_id, OTHER_CAMERA).status
