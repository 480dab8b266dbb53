"""A witness over HTTP whose disk does not confirm: it answers so, and gives no cosignature."""

import http.client
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.townhalls import hall

from beffroi.base.files import FsyncFailedError
from beffroi.domain.clock import ManualClock
from beffroi.ledger.merkle import EMPTY_ROOT
from beffroi.ledger.note import Checkpoint, Verifier, sign
from beffroi.ledger.witness import request_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = Verifier("beffroi/test", KEY.public_key())


def test_a_disk_that_does_not_confirm_is_answered_and_nothing_is_cosigned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(0, [], sign(Checkpoint(LOG.name, 0, EMPTY_ROOT), KEY))

    def failing(path: Path, _: bytes) -> None:
        raise FsyncFailedError(path)

    with hall(tmp_path, "mairie", LOG, ManualClock()) as witness:
        with monkeypatch.context() as disk:
            disk.setattr("beffroi.ledger.witness.write_durable", failing)  # the witness's disk alone
            assert _submitted(witness.port, request) == (500, b"the witness's own memory is damaged\n")
        assert witness.witness.head(LOG) is None
        status, line = _submitted(witness.port, request)
        assert (status, line[:3]) == (200, "\u2014 ".encode()[:3])


def _submitted(port: int, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/add-checkpoint", body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
