"""Reading JSON that nobody vouches for: canonical spelling, exact keys, exact types."""

from typing import Any

from beffroi.ledger import canonical
from beffroi.vault.signed import unb64


class FieldError(ValueError):
    """A value is not what it must be; the text names it."""


class Fields:
    """An object whose keys are known: every key is read once, and none is left over."""

    def __init__(self, value: Any, what: str) -> None:
        if not isinstance(value, dict):
            raise FieldError(what)
        self._value: dict[str, Any] = dict(value)
        self._what = what

    @classmethod
    def read(cls, data: bytes, what: str, *, most: int) -> "Fields":
        """From canonical bytes, ``most`` of them.

        Raises:
            FieldError: too long, or in another spelling.
        """
        if len(data) > most:
            raise FieldError(f"{what}: too long")
        try:
            return cls(canonical.load(data), what)
        except canonical.NotCanonicalError as error:
            raise FieldError(f"{what}: {error}") from error

    def text(self, key: str, *, most: int = 4096) -> str:
        """A text."""
        value = self._take(key)
        if not isinstance(value, str) or len(value) > most:
            raise FieldError(f"{self._what}.{key}")
        return value

    def whole(self, key: str) -> int:
        """A whole number, not negative."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise FieldError(f"{self._what}.{key}")
        return value

    def signed(self, key: str) -> int | None:
        """A whole number, or null."""
        value = self._take(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise FieldError(f"{self._what}.{key}")
        return value

    def hex(self, key: str, size: int | None = None) -> bytes:
        """Lower-case hexadecimal, of so many bytes."""
        return self._hex(self._take(key), key, size)

    def hexes(self, key: str, size: int) -> tuple[bytes, ...]:
        """A list of hexadecimal values."""
        return tuple(self._hex(item, key, size) for item in self.items(key))

    def base64(self, key: str) -> bytes:
        """Base64 in its one spelling."""
        value = self._take(key)
        try:
            return unb64(value)
        except ValueError as error:
            raise FieldError(f"{self._what}.{key}") from error

    def items(self, key: str) -> list[Any]:
        """A list."""
        value = self._take(key)
        if not isinstance(value, list):
            raise FieldError(f"{self._what}.{key}")
        return value

    def objects(self, key: str) -> "list[Fields]":
        """A list of objects."""
        return [Fields(item, f"{self._what}.{key}") for item in self.items(key)]

    def object(self, key: str) -> "Fields":
        """An object."""
        return Fields(self._take(key), f"{self._what}.{key}")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self.items(key)
        if not all(isinstance(item, str) for item in found):
            raise FieldError(f"{self._what}.{key}")
        return tuple(found)

    def done(self) -> None:
        """No key may be left.

        Raises:
            FieldError: one is.
        """
        if self._value:
            raise FieldError(f"{self._what}: {min(self._value)[:40]}")

    def _take(self, key: str) -> Any:
        if key not in self._value:
            raise FieldError(f"{self._what}.{key}")
        return self._value.pop(key)

    def _hex(self, value: Any, key: str, size: int | None) -> bytes:
        try:
            raw = bytes.fromhex(value)
        except (ValueError, TypeError) as error:
            raise FieldError(f"{self._what}.{key}") from error
        if raw.hex() != value or (size is not None and len(raw) != size):
            raise FieldError(f"{self._what}.{key}")
        return raw
