"""The second factor: time-based one-time codes (RFC 6238), each step once (ASVS 5.0, 6.5.1)."""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

import pyotp

STEP_S: Final = 30
WINDOW: Final = 1
"""Steps accepted before and after the present one: a phone's clock may be off by 30 s."""

_ISSUER: Final = "Beffroi"


def new_secret() -> str:
    """160 random bits in base 32 (RFC 4226, section 4, R6)."""
    return pyotp.random_base32(32)


def otpauth(secret: str, account: str) -> str:
    """The URI that a phone's application reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=_ISSUER)


def code_at(secret: str, at: datetime) -> str:
    """The code of the step that holds this instant: for the demonstration and the tests."""
    return pyotp.TOTP(secret).at(at)


def matching_step(secret: str, code: str, at: datetime) -> int | None:
    """The step whose code this is, within the window, or None. All candidates are compared, each in constant time.

    Args:
        secret: base 32.
        code: what the person typed; spaces are ignored.
        at: the present instant.
    """
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    totp = pyotp.TOTP(secret)
    now_step = int(at.timestamp()) // STEP_S
    found: int | None = None
    for step in range(now_step - WINDOW, now_step + WINDOW + 1):
        expected = totp.at(datetime.fromtimestamp(0, UTC) + timedelta(seconds=step * STEP_S))
        if hmac.compare_digest(expected.encode(), typed):
            found = step
    return found
