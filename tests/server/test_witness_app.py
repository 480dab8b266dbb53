"""A witness over HTTP whose disk does not confirm: it answers, says so in its log, and gives no cosignature."""

import errno
import http.client
import os
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.townhalls import hall

from beffroi.domain.clock import ManualClock
from beffroi.ledger.merkle import EMPTY_ROOT
from beffroi.ledger.note import Checkpoint, Verifier, sign
from beffroi.ledger.witness import request_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = Verifier("beffroi/test", KEY.public_key())


def test_a_disk_that_does_not_confirm_is_told_and_nothing_is_cosigned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of(0, [], sign(Checkpoint(LOG.name, 0, EMPTY_ROOT), KEY))

    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with hall(tmp_path, "mairie", LOG, ManualClock()) as witness:
        with monkeypatch.context() as disk, structlog.testing.capture_logs() as told:
            disk.setattr(os, "fsync", failing)
            assert _submitted(witness.port, request) == (500, b"the witness's own memory is damaged\n")
        critical = [event for event in told if event["log_level"] == "critical"]
        assert [event["error"] for event in critical] == ["FsyncFailedError"]
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
