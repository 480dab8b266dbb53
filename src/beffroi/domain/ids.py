"""Identifiers. Each is a plain string with its own type, so that one cannot stand for another."""

import re
from typing import Final, Literal, NewType

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

BodyId = NewType("BodyId", str)
"""A public body: INSEE code of a commune or département, SIREN of an EPCI or syndicat."""

PersonId = NewType("PersonId", str)
CameraId = NewType("CameraId", str)
DocumentId = NewType("DocumentId", str)
"""kind/name, for instance ``agreement/E-X`` (see `beffroi.domain.documents`)."""

AuthorityId = NewType("AuthorityId", str)
"""Under whose exclusive authority an image is seen: ``maire/99001``, ``president-cd/99``."""

ViewId = NewType("ViewId", str)
ConnectionId = NewType("ConnectionId", str)

StreamName = Literal["main", "sub"]
STREAM_NAMES: Final[tuple[StreamName, ...]] = ("main", "sub")

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def camera_id(value: str) -> CameraId:
    """Check and return a camera id: lower-case letters, digits and hyphens, at most 63, a safe file name.

    Raises:
        BadInputError: when the value is anything else.
    """
    if not _SLUG.fullmatch(value):
        raise BadInputError(
            Text(
                fr=f"« {value[:80]} » n'est pas un identifiant de caméra : employez des minuscules, des chiffres "
                "et des tirets (63 au plus).",
                en=f"“{value[:80]}” is not a camera id: use lower-case letters, digits and hyphens (63 at most).",
            )
        )
    return CameraId(value)


def authority_slug(authority: AuthorityId) -> str:
    """The authority as a safe file name: ``maire/99001`` gives ``maire-99001``."""
    return re.sub(r"[^a-z0-9-]", "-", authority.lower())
