"""The public form: no account, no script, nothing of the centre in it; hostile bodies are refused in a sentence."""

import http.client
import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.centre import Town, running

from beffroi.domain.clock import ManualClock
from beffroi.server.ratelimit import RateLimit
from beffroi.server.routes import subjectpublic

GOOD = {"wish": "viewing", "commune": "Bourg-Neuf", "place": "place du marché", "day": "2026-03-01", "from": "09:30"}
GOOD |= {"to": "10:00", "recognise": "manteau rouge", "contact": "12 rue de l'Essai"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # they are read when the centre is built
            for name in ("EACH", "ALL", "FOLLOWS_EACH", "FOLLOWS_ALL"):
                patch.setattr(subjectpublic, name, 10_000)
            one = stack.enter_context(running(tmp_path_factory.mktemp("public") / "data"))
        yield one


def send(
    town: Town, path: str, body: bytes, *, origin: str | None = None, kind: str = "application/x-www-form-urlencoded"
) -> tuple[int, str, dict[str, str]]:
    """As a browser without script sends a form: no header of ours."""
    link = http.client.HTTPConnection("127.0.0.1", town.port, timeout=60)
    headers = {"Content-Type": kind, "Origin": f"http://127.0.0.1:{town.port}" if origin is None else origin}
    try:
        link.request("POST", path, body, headers)
        answer = link.getresponse()
        return answer.status, answer.read().decode(), {key.lower(): value for key, value in answer.headers.items()}
    finally:
        link.close()


def every_header(town: Town, path: str, name: str) -> list[str]:
    """All values of a header: a page may carry two policies."""
    link = http.client.HTTPConnection("127.0.0.1", town.port, timeout=60)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        answer.read()
        return answer.headers.get_all(name) or []
    finally:
        link.close()


def form(**more: str) -> bytes:
    return urlencode({**GOOD, **more}).encode()


def commune_of(town: Town, body: str) -> str:
    """The name of a commune of the town."""
    facts = town.centre.registry.facts()
    return next(one.name for one in facts.bodies.values() if one.id == body)


def received(page: str) -> tuple[str, str]:
    reference, code = re.findall(r"<span class=code>([^<]+)</span>", page)
    return str(reference), str(code)


def test_from_the_form_to_its_follow_up(town: Town) -> None:
    status, page, headers = send(town, "/demande", form(commune=commune_of(town, "X")))
    assert status == 201
    assert "set-cookie" not in headers
    reference, code = received(page)
    told = town.person("agentE").get(f"/api/subject/requests/{reference}").body
    assert (told["commune"], told["channel"], told["wish"], told["hours"]) == ("X", "web", "viewing", "09:30-10:00")
    assert told["due"]["why"] == "month"
    for typed in (code, code.lower().replace("-", " ")):
        status, page, _ = send(town, "/demande/suivi", urlencode({"reference": reference, "code": typed}).encode())
        assert status == 200
        assert "à l'étude" in unescape(page)
    status, wrong, _ = send(town, "/demande/suivi", urlencode({"reference": reference, "code": "A" * 16}).encode())
    other, unknown, _ = send(town, "/demande/suivi", urlencode({"reference": "P-1", "code": code}).encode())
    assert (status, wrong) == (other, unknown) == (404, wrong), "unknown and wrong are told alike"


def test_a_commune_that_is_unknown_is_answered_like_one_that_is_known(town: Town) -> None:
    status, page, _ = send(town, "/demande", form(commune="Nulle-Part"))
    known_status, known, _ = send(town, "/demande", form(commune=commune_of(town, "Z")))
    plain = [re.sub(r"<span class=code>[^<]+</span>", "…", one) for one in (page, known)]
    assert (status, plain[0]) == (known_status, plain[1])
    reference, _ = received(page)
    for who, there in (("agentE", 404), ("mayorX", 404), ("dpo", 200)):
        assert town.person(who).get(f"/api/subject/requests/{reference}").status == there
    assert town.person("dpo").post(f"/api/subject/requests/{reference}/commune", {"commune": "X"}).status == 200
    assert town.person("agentE").get(f"/api/subject/requests/{reference}").status == 200


def test_the_pages_tell_nothing_of_the_centre_and_run_nothing(town: Town) -> None:
    facts = town.centre.registry.facts()
    names = [one.name for one in facts.cameras.values()] + [one.name for one in facts.bodies.values()]
    for path in ("/demande", "/demande/suivi"):
        answer = town.nobody().get(path)
        page = answer.raw.decode()
        assert answer.status == 200
        assert "<script" not in page
        assert "http" not in re.sub(r"www\.cnil\.fr", "", page), "no other site"
        assert not [one for one in names if len(one) > 4 and one in page], "the State alone"
        policies = every_header(town, path, "Content-Security-Policy")
        assert len(policies) == 2, "a browser keeps to both: the console's, and the stricter one of these pages"
        assert any("default-src 'none'; style-src 'self'; form-action 'self'" in one for one in policies)
    words = town.nobody().get("/demande").raw.decode()
    for needed in ("R.253-6", "L.253-5", "commission départementale", "CNIL", "Responsable", "Finalités", 'lang="fr"'):
        assert needed in words
    fields = set(re.findall(r'<(?:input|textarea) (?:type="\w+" )?id="(\w+)"', words))
    assert fields
    assert fields <= set(re.findall(r'<label for="(\w+)"', words)), "each field has its label"


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(town: Town) -> None:
    status, page, _ = send(town, "/demande", form(day="hier", contact="", place='"><script>x</script>'))
    assert status == 422
    assert 'href="#day"' in page
    assert 'href="#contact"' in page
    assert 'id="day" name="day" type="date" value="hier" required aria-invalid="true"' in page
    assert "<script>" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


HOSTILE = [
    b"", b"=", b"wish", b"wish=copy&wish=copy", b"x=1", b"wish=%00", b"wish=%ff", b"\xff\xfe", b"wish=%ud800", b"{}",
    b"&" * 5000, b"a=" + b"b" * 15_000, urlencode({**GOOD, "number": "1"}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
@pytest.mark.parametrize("path", ["/demande", "/demande/suivi"])
def test_hostile_bodies_are_refused(town: Town, path: str, body: bytes) -> None:
    assert send(town, path, body)[0] in {404, 422}


def test_other_origins_kinds_and_sizes_are_refused(town: Town) -> None:
    assert send(town, "/demande", form(), origin="http://evil.example")[0] == 403
    assert send(town, "/demande", form(), origin="null")[0] == 403
    assert send(town, "/demande", form(), kind="application/json")[0] == 422
    assert send(town, "/demande", form(place="x" * 20_000))[0] == 413


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(values=st.dictionaries(st.sampled_from([*GOOD, "other"]), st.text(max_size=40)))
def test_whatever_is_typed_the_answer_is_a_page_below_500(town: Town, values: dict[str, str]) -> None:
    body = urlencode({**GOOD, **values}, errors="replace").encode()
    status, page, _ = send(town, "/demande", body)
    assert status in {201, 422}
    assert "<script" not in page


@given(calls=st.lists(st.tuples(st.sampled_from(["198.51.100.1", "198.51.100.2", "2001:db8::1", "2001:db8::2"]),
                                st.integers(0, 2_000)), max_size=60))  # fmt: skip
def test_no_window_admits_more_than_its_limits(calls: list[tuple[str, int]]) -> None:
    clock = ManualClock()
    limit, admitted = RateLimit(clock, each=3, all_=5), list[tuple[float, str]]()
    for address, wait_s in calls:
        clock.advance(wait_s)
        at_s = clock.monotonic_s()
        place = "v6" if ":" in address else address
        recent = [one for when, one in admitted if when > at_s - 3600]
        expected = len(recent) < 5 and recent.count(place) < 3
        assert limit.admit(address) is expected
        if expected:
            admitted.append((at_s, place))


def test_the_form_is_closed_for_a_while_when_too_many_come(tmp_path: Path) -> None:
    with running(tmp_path / "data") as town:
        answers = [send(town, "/demande", form())[0] for _ in range(subjectpublic.EACH + 1)]
        assert answers == [201] * subjectpublic.EACH + [429]
        assert len(town.person("dpo").get("/api/subject/requests").body) == subjectpublic.EACH


def test_who_follows_too_often_is_not_told_that_nothing_was_registered(tmp_path: Path) -> None:
    with running(tmp_path / "data") as town:
        asked = urlencode({"reference": "P-1", "code": "A" * 16}).encode()
        answers = [send(town, "/demande/suivi", asked)[:2] for _ in range(subjectpublic.FOLLOWS_EACH + 1)]
        assert [status for status, _ in answers] == [404] * subjectpublic.FOLLOWS_EACH + [429]
        told = unescape(answers[-1][1])
        assert "Votre demande reste enregistrée" in told
        assert "Rien n'a été enregistré" not in told
