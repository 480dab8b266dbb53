"""Bit reader for parameter sets (ITU-T H.264 §7.2, §9.1; H.265 §7.2, §9.2)."""

from beffroi.media.errors import MalformedMediaError

_MAX_LEADING_ZEROS = 32


def unescape(nal: bytes) -> bytes:
    """The raw byte sequence payload: emulation prevention bytes (00 00 03) removed."""
    return nal.replace(b"\x00\x00\x03", b"\x00\x00")


class BitReader:
    """Reads big-endian bits; every read past the end raises `MalformedMediaError`."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def u(self, bits: int) -> int:
        """An unsigned integer of this many bits."""
        if bits > self._left:
            raise MalformedMediaError("parameter set too short")
        self._left -= bits
        return (self._value >> self._left) & ((1 << bits) - 1)

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """An unsigned Exp-Golomb code."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > _MAX_LEADING_ZEROS:
                raise MalformedMediaError("Exp-Golomb code too long")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)
