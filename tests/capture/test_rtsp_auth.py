"""Proving who we are: the vectors of the RFCs, what cameras offer, and what must never be sent."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.rtspcamera import Asked, Camera, answer, digest, talk

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import Session, SourceError
from beffroi.capture.rtsp.auth import Credentials, read_challenges

USER, PASSWORD = "beffroi", 'p"ss: wörd\\'
URL = "rtsp://beffroi:p%22ss%3A%20w%C3%B6rd%5C@camera.test/main"
REALM = 'realm="camera", nonce="abcdef0123456789"'


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def proof(header: str | None) -> dict[str, str]:
    assert header is not None
    return Asked("", "", {"authorization": header}).proof


def test_the_example_of_rfc_7616_md5_and_sha_256() -> None:
    """§3.9.1."""
    common = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"'
    opaque = 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    expected = {
        "MD5": "8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    }
    for algorithm, response in expected.items():
        ours = Credentials("Mufasa", "Circle of Life", lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
        assert ours.challenged([f"Digest {common}, algorithm={algorithm}, {opaque}"])
        fields = proof(ours.header("GET", "/dir/index.html"))
        assert fields["response"] == response
        assert fields["nc"] == "00000001"
        assert fields["algorithm"] == algorithm
        assert fields["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def test_the_example_of_rfc_2617() -> None:
    """§3.5."""
    ours = Credentials("Mufasa", "Circle Of Life", lambda: "0a4f113b")
    assert ours.challenged(
        [
            'Digest realm="testrealm@host.com", qop="auth,auth-int", '
            'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
        ]
    )
    header = ours.header("GET", "/dir/index.html")
    assert proof(header)["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in proof(header), "not told, not answered: old cameras do not know the word"


def test_the_old_digest_of_rfc_2069() -> None:
    """§2.4, with the response of its errata 749."""
    ours = Credentials("Mufasa", "CircleOfLife")
    assert ours.challenged(
        [
            'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
            'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
        ]
    )
    fields = proof(ours.header("GET", "/dir/index.html"))
    assert fields["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert {"qop", "nc", "cnonce"}.isdisjoint(fields)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess", "md5"])
@pytest.mark.parametrize("qop", [', qop="auth"', ', qop="auth-int,auth"', ", qop=auth", ""])
def test_every_request_is_proved(algorithm: str, qop: str) -> None:
    def guarded(asked: Asked) -> bytes:
        if "authorization" not in asked.headers:
            return answer(401, f"WWW-Authenticate: Digest {REALM}, algorithm={algorithm}{qop}")
        assert digest(asked, USER, PASSWORD, algorithm=algorithm)
        return Camera().answers(asked)

    camera = Camera(odd=dict.fromkeys(("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN"), guarded))
    session = Session(URL, now_s=0.0)
    assert talk(session, camera) == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "PLAY"]
    assert session.playing
    if "auth" in qop:
        assert [one.proof["nc"] for one in camera.asked if "authorization" in one.headers] == [
            f"{number:08x}" for number in range(1, 4)
        ]


def test_a_stale_nonce_is_replaced_once() -> None:
    state = {"nonce": "one", "refused": 0}

    def guarded(asked: Asked) -> bytes:
        if asked.method == "SETUP" and state["nonce"] == "one":
            state["nonce"] = "two"
        if asked.proof.get("nonce") == state["nonce"]:
            return Camera().answers(asked)
        stale = ", stale=TRUE" if "authorization" in asked.headers else ""
        return answer(401, f'WWW-Authenticate: Digest realm="r", qop="auth", nonce="{state["nonce"]}"{stale}')

    camera = Camera(odd=dict.fromkeys(("DESCRIBE", "SETUP", "PLAY"), guarded))
    session = Session(URL, now_s=0.0)
    assert talk(session, camera) == ["OPTIONS", "DESCRIBE", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
    assert [one.proof.get("nc") for one in camera.asked[2:]] == ["00000001", "00000002", "00000001", "00000002"]


def test_a_nonce_that_is_always_stale_ends() -> None:
    camera = Camera(odd={"DESCRIBE": lambda _: answer(401, f"WWW-Authenticate: Digest {REALM}, stale=true")})
    with pytest.raises(SourceError) as ended:
        talk(Session(URL, now_s=0.0), camera)
    assert ended.value.end is RunEnd.UNAUTHORISED
    assert len(camera.asked) <= 5


def test_a_nonce_that_grows_stale_hours_later_is_replaced() -> None:
    """The keep-alive is refused with a new nonce: the stream goes on."""

    def guarded(asked: Asked) -> bytes:
        nonce = "new" if asked.method == "GET_PARAMETER" else "old"
        if asked.proof.get("nonce") == nonce:
            return Camera().answers(asked)
        stale = ", stale=true" if asked.method == "GET_PARAMETER" else ""
        return answer(401, f'WWW-Authenticate: Digest realm="r", nonce="{nonce}"{stale}')

    camera = Camera(odd=dict.fromkeys(("DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER"), guarded))
    session = Session(URL, now_s=0.0)
    talk(session, camera)
    for again_s in (9.0, 9.5):
        session.tick(again_s)
    session._kept_s = -100.0
    session.tick(9.6)
    assert talk(session, camera) == ["GET_PARAMETER", "GET_PARAMETER"]


@pytest.mark.parametrize("url", [URL, "rtsp://camera.test/main"])
def test_a_wrong_or_absent_password_ends_at_once(url: str) -> None:
    """One try with what we have, so that the camera does not lock the account."""
    camera = Camera(odd={"DESCRIBE": lambda _: answer(401, f"WWW-Authenticate: Digest {REALM}")})
    with pytest.raises(SourceError) as ended:
        talk(Session(url, now_s=0.0), camera)
    assert ended.value.end is RunEnd.UNAUTHORISED
    assert [one.method for one in camera.asked].count("DESCRIBE") == (2 if "@" in url else 1)


def test_basic_where_nothing_else_is_offered() -> None:
    def guarded(asked: Asked) -> bytes:
        if "authorization" not in asked.headers:
            return answer(401, 'WWW-Authenticate: Basic realm="camera"')
        scheme, _, pair = asked.headers["authorization"].partition(" ")
        assert (scheme, base64.b64decode(pair).decode()) == ("Basic", f"{USER}:{PASSWORD}")
        return Camera().answers(asked)

    session = Session(URL, now_s=0.0)
    talk(session, Camera(odd=dict.fromkeys(("DESCRIBE", "SETUP", "PLAY"), guarded)))
    assert session.playing


@pytest.mark.parametrize(
    "offers",
    [
        [f"Digest {REALM}", 'Basic realm="camera"'],
        ['Basic realm="camera"', f"Digest {REALM}"],
        [f'Basic realm="camera", Digest {REALM}'],
        [f'Digest {REALM}, Basic realm="camera"'],
        [f"Digest {REALM}, algorithm=SHA-512-256", 'Basic realm="camera"'],
        [f'Digest {REALM}, qop="auth-int"', 'Basic realm="camera"'],
        ['Digest realm="no nonce"', 'Basic realm="camera"'],
        ["Digest", "Basic"],
    ],
)
def test_basic_is_never_sent_where_digest_is_offered(offers: list[str]) -> None:
    """Not even when the digest offered cannot be made, nor when a later answer offers Basic alone."""
    camera = Camera()
    camera.odd["DESCRIBE"] = lambda asked: answer(
        401, *(f"WWW-Authenticate: {one}" for one in (offers if len(camera.asked) < 3 else ['Basic realm="camera"']))
    )
    with pytest.raises(SourceError) as ended:
        talk(Session(URL, now_s=0.0), camera)
    assert ended.value.end is RunEnd.UNAUTHORISED
    sent = [one.headers.get("authorization", "") for one in camera.asked]
    assert not any(header.startswith("Basic") for header in sent)


def test_the_strongest_digest_is_chosen() -> None:
    ours = Credentials(USER, PASSWORD)
    ours.challenged([f"Digest {REALM}, algorithm=MD5", f"Digest {REALM}, algorithm=SHA-256"])
    assert proof(ours.header("PLAY", "rtsp://c/"))["algorithm"] == "SHA-256"


def test_nothing_is_sent_before_a_challenge() -> None:
    assert Credentials(USER, PASSWORD).header("OPTIONS", "rtsp://c/") is None


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('Digest realm="a, b", nonce="x"', [("digest", {"realm": "a, b", "nonce": "x"})]),
        ('Digest realm="a \\"b\\"", nonce=x', [("digest", {"realm": 'a "b"', "nonce": "x"})]),
        ('DIGEST realm = "a" ,nonce= "x"', [("digest", {"realm": "a", "nonce": "x"})]),
        ('Basic realm="a", Digest nonce="x"', [("basic", {"realm": "a"}), ("digest", {"nonce": "x"})]),
        ("Negotiate, Basic", [("negotiate", {}), ("basic", {})]),
        ('Digest realm="unclosed', [("digest", {"realm": '"unclosed'})]),
        ("", []),
        (",,, ;;;", []),
    ],
)
def test_challenges_of_every_shape(header: str, found: list[tuple[str, dict[str, str]]]) -> None:
    got = [(one.scheme, one.parameters) for one in read_challenges([header])]
    if header.endswith("unclosed"):
        assert [scheme for scheme, _ in got] == ["digest"]
    else:
        assert got == found


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text_is_survived(headers: list[str]) -> None:
    Credentials(USER, PASSWORD).challenged(["Digest " + header for header in headers])


@given(realm=st.text("ab\r\n\0\t\x7f\\\udcff", max_size=20))
def test_nothing_of_a_challenge_ends_a_line_of_ours(realm: str) -> None:
    ours = Credentials(USER, PASSWORD)
    assert ours.challenged([f'Digest realm="{realm}", nonce="\n{realm}", opaque="\r{realm}"']) or realm.endswith("\\")
    written = ours.header("PLAY", "rtsp://c/")
    assert written is None or not {"\r", "\n", "\0"} & set(written)


@pytest.mark.parametrize("realm", ["Caméra".encode(), "Caméra".encode("latin-1")])
def test_a_realm_with_accents_is_hashed_as_the_camera_wrote_it(realm: bytes) -> None:
    session = Session("rtsp://u:p@camera.test/main", now_s=0.0)
    session.to_send()
    session.receive(b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="' + realm + b'", nonce="n"\r\n\r\n', 0.0)
    said = session.to_send()
    assert b'realm="' + realm + b'"' in said
    one = md5(b"u:" + realm + b":p")
    two = md5(b"OPTIONS:rtsp://camera.test/main")
    assert md5(f"{one}:n:{two}".encode()).encode() in said


def test_a_long_challenge_takes_no_time() -> None:
    """No backtracking: a megabyte of any one character is read or refused at once (the head itself is capped)."""
    for text in ("a" * 10**6, '"' * 10**6, "\\" * 10**6, 'a="' + "\\" * 10**6, "=," * 10**6, " " * 10**6):
        read_challenges([text, "Digest " + text])
