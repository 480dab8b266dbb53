"""Common encryption, scheme ``cenc``: AES-CTR with sub-samples (ISO/IEC 23001-7 §9.5, §10.1).

Only the 4-byte length and the NAL header of each NAL unit stay clear. With more of a slice clear, a decoder without
the key does not fail: it shows rubbish. Supplemental NAL units (SEI) are encrypted too: they may describe the scene.
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import NAL_HEADER_BYTES, Codec, split_lengths

IV_BYTES: Final = 8
_LENGTH_BYTES: Final = 4
_ZERO_BLOCK_COUNTER: Final = bytes(8)

MAX_SUBSAMPLES: Final = 40
"""`saiz` counts a sample's information on one byte: 8 of IV + 2 of count + 6 per sub-sample <= 255. A frame with more
NAL units has its 40th sub-sample run to the end of the frame."""


@dataclass(frozen=True, slots=True)
class Protection:
    """A content key and its public id, 16 bytes each. One key per file: the IV is the sample's number in the file."""

    kid: bytes
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.kid) != 16 or len(self.key) != 16:
            raise ValueError("a content key and its id are 16 bytes each")


def iv_of(sample: int) -> bytes:
    """The 8-byte IV of the n-th sample of a file."""
    return sample.to_bytes(IV_BYTES, "big")


def subsamples_of(codec: Codec, data: bytes) -> list[tuple[int, int]]:
    """(clear, protected) byte counts of one length-prefixed frame.

    Raises:
        MalformedMediaError: the chain of NAL lengths does not add up.
    """
    header = NAL_HEADER_BYTES[codec]
    # The common frame is one NAL unit; the general path costs five times as much.
    if int.from_bytes(data[:4], "big") == len(data) - 4 > header:
        return [(_LENGTH_BYTES + header, len(data) - _LENGTH_BYTES - header)]
    out: list[tuple[int, int]] = []
    for at, size in split_lengths(data):
        clear = _LENGTH_BYTES + min(header, size)
        if len(out) == MAX_SUBSAMPLES - 1:
            out.append((clear, len(data) - at + _LENGTH_BYTES - clear))
            break
        out.append((clear, size + _LENGTH_BYTES - clear))
    return out


class SampleCipher:
    """Encrypts samples one after the other into a buffer: the key schedule is made once, nothing is copied twice."""

    def __init__(self, key: bytes) -> None:
        self._context = Cipher(AES(key), CTR(bytes(16))).encryptor()

    def encrypt_unit(self, data: memoryview, clear: int, iv: bytes, out: memoryview) -> None:
        """Write one encrypted sample over ``out``, which is as long as it: one NAL unit, ``clear`` bytes of it as they
        are."""
        self._context.reset_nonce(iv + _ZERO_BLOCK_COUNTER)
        out[:clear] = data[:clear]
        self._context.update_into(data[clear:], out[clear:])

    def encrypt(self, data: bytes, subsamples: list[tuple[int, int]], iv: bytes, out: memoryview) -> None:
        """Write one encrypted sample over ``out``, which is as long as it.

        Raises:
            MalformedMediaError: the sub-samples do not add up to the sample.
        """
        if sum(map(sum, subsamples)) != len(data):
            raise MalformedMediaError("sub-samples do not add up")
        context, source, at = self._context, memoryview(data), 0
        context.reset_nonce(iv + _ZERO_BLOCK_COUNTER)
        for clear, protected in subsamples:
            middle = at + clear
            out[at:middle] = source[at:middle]
            at = middle + protected
            context.update_into(source[middle:at], out[middle:at])


def apply(data: bytes, subsamples: list[tuple[int, int]], iv: bytes, key: bytes) -> bytes:
    """Encrypt or decrypt one sample: the key stream runs on from one protected part to the next.

    Raises:
        MalformedMediaError: the sub-samples do not add up to the sample.
    """
    cipher = Cipher(AES(key), CTR(iv + _ZERO_BLOCK_COUNTER)).encryptor()
    if len(subsamples) == 1:
        clear, protected = subsamples[0]
        if clear + protected != len(data):
            raise MalformedMediaError("sub-samples do not add up")
        return data[:clear] + cipher.update(data[clear:])
    parts: list[bytes] = []
    at = 0
    for clear, protected in subsamples:
        middle = at + clear
        parts += (data[at:middle], cipher.update(data[middle : middle + protected]))
        at = middle + protected
    if at != len(data):
        raise MalformedMediaError("sub-samples do not add up")
    return b"".join(parts)
