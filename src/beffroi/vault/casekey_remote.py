"""Case keys in the commune's own process: the same questions over the same socket as for hour keys."""

from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.lease import LeaseRefusedError
from beffroi.vault.caseid import HOLD_MAX_US, case_id
from beffroi.vault.casekey import CaseKeyDestroyed
from beffroi.vault.caserelease import CaseReleaser, HeldKey, HoldEndedError, HoldTooLongError, held_key
from beffroi.vault.keyerrors import CaseDamagedError, CaseEndedError, CaseMissingError
from beffroi.vault.keyring_remote import (
    BadQuestionError,
    KeyringUnreachableError,
    RemoteKeyring,
    chunk_claim,
    claim_fields,
    refusal_of,
)
from beffroi.vault.release import NoKeyringError
from beffroi.vault.sealing import CONTENT_KEY_BYTES, SEALED_KEY_BYTES, SealedChunk
from beffroi.vault.signed import b64, unb64

_REFUSALS: Final[dict[str, type[CaseMissingError | CaseEndedError | CaseDamagedError | HoldEndedError]]] = {
    "case_missing": CaseMissingError,
    "case_ended": CaseEndedError,
    "case_damaged": CaseDamagedError,
    "hold_ended": HoldEndedError,
}


class RemoteCases:
    """The centre's side; satisfies `beffroi.vault.caserelease.CaseReleaser`. Safe for several threads."""

    def __init__(self, socket_path: Path, *, timeout_s: float = 2.0) -> None:
        self._path = socket_path
        self._ring = RemoteKeyring(socket_path, timeout_s=timeout_s)

    def reseal(
        self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, until_us: int, beyond_us: int, now_us: int
    ) -> bytes:
        """See `CaseReleaser.reseal`; ``now_us`` is not sent."""
        asked = {"beyond_us": beyond_us, "until_us": until_us}
        answer = self._ask({"reseal": asked, **_held(chunk, held), "lease": lease_token}, chunk, held.case)
        return self._bytes(answer, "sealed", SEALED_KEY_BYTES)

    def release_held(self, chunk: SealedChunk, held: HeldKey, lease_token: str, *, now_us: int) -> bytes:
        """See `CaseReleaser.release_held`; ``now_us`` is not sent."""
        answer = self._ask({**_held(chunk, held), "lease": lease_token}, chunk, held.case)
        return self._bytes(answer, "key", CONTENT_KEY_BYTES)

    def end_case(self, authority: str, case: str, lease_token: str, *, now_us: int) -> CaseKeyDestroyed:
        """See `CaseReleaser.end_case`; ``now_us`` is not sent."""
        answer = self._ring.ask({"end_case": {"authority": authority, "case": case}, "lease": lease_token})
        proof = answer.get("proof")
        if isinstance(proof, dict) and set(proof) == {field.name for field in fields(CaseKeyDestroyed)}:
            named = {"authority": AuthorityId(proof["authority"]), "remanence": tuple(map(str, proof["remanence"]))}
            return CaseKeyDestroyed(**{**proof, **named})
        raise self._refusal(answer, authority, case)

    def _ask(self, question: dict[str, Any], chunk: SealedChunk, case: str) -> dict[str, Any]:
        answer = self._ring.ask(question)
        if "refused" not in answer:
            return answer
        known = refusal_of(answer, chunk)
        raise known or self._refusal(answer, chunk.authority, case)

    def _refusal(self, answer: dict[str, Any], authority: str, case: str) -> BeffroiError:
        code = str(answer.get("refused"))
        if code in _REFUSALS:
            return _REFUSALS[code](case)
        simple: dict[str, BeffroiError] = {
            "hold_too_long": HoldTooLongError(),
            "lease": LeaseRefusedError(str(answer.get("why", ""))[:200]),
            "no_keyring": NoKeyringError(authority),
            "malformed": BadQuestionError(),
        }
        return simple.get(code) or KeyringUnreachableError(self._path)

    def _bytes(self, answer: dict[str, Any], name: str, length: int) -> bytes:
        try:
            raw = unb64(answer.get(name))
        except ValueError as error:
            raise KeyringUnreachableError(self._path) from error
        if len(raw) != length:
            raise KeyringUnreachableError(self._path)
        return raw


def answer_case(cases: CaseReleaser, asked: dict[str, Any], now_us: int) -> dict[str, Any] | None:
    """The keyring's side: the answer to a question about cases, None when it is about something else.

    Raises:
        BeffroiError: refused; the server names the refusal (`refusal_code`).
    """
    token = asked.get("lease")
    if set(asked) == {"end_case", "lease"} and isinstance(token, str):
        wanted = asked["end_case"]
        if not isinstance(wanted, dict) or set(wanted) != {"authority", "case"}:
            raise BadQuestionError
        if not isinstance(wanted["authority"], str):
            raise BadQuestionError
        proof = cases.end_case(wanted["authority"], case_id(wanted["case"]), token, now_us=now_us)
        return {"proof": proof.as_fields()}
    if set(asked) - {"reseal"} != {"chunk", "held", "lease"}:
        return None
    try:
        held = held_key(asked["held"])
    except ValueError as error:
        raise BadQuestionError from error
    chunk = chunk_claim(asked["chunk"])
    if not isinstance(token, str) or len(held.sealed_key) not in {0, SEALED_KEY_BYTES}:
        raise BadQuestionError
    if "reseal" not in asked:
        return {"key": b64(cases.release_held(chunk, held, token, now_us=now_us))}
    wanted = asked["reseal"]
    if not isinstance(wanted, dict) or set(wanted) != {"beyond_us", "until_us"}:
        raise BadQuestionError
    until_us, beyond_us = wanted["until_us"], wanted["beyond_us"]
    if type(until_us) is not int or type(beyond_us) is not int or not 0 <= beyond_us <= HOLD_MAX_US:
        raise BadQuestionError
    sealed = cases.reseal(chunk, held, token, until_us=until_us, beyond_us=beyond_us, now_us=now_us)
    return {"sealed": b64(sealed)}


def refusal_code(error: BeffroiError) -> str | None:
    """The name under which a refusal of ours travels."""
    if isinstance(error, HoldTooLongError):
        return "hold_too_long"
    return next((code for code, kind in _REFUSALS.items() if isinstance(error, kind)), None)


def _held(chunk: SealedChunk, held: HeldKey) -> dict[str, Any]:
    fields_of_it = {"case": held.case, "beyond_us": held.beyond_us, "sealed_key": b64(held.sealed_key)}
    return {"chunk": claim_fields(chunk), "held": fields_of_it}
