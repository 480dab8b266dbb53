"""What the parsers of this room raise, and nothing else, whatever the bytes."""

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text


class MalformedMediaError(BadInputError):
    """Bytes that are not the video or the file they claim to be.

    ``what`` is the short technical reason, for logs and tests; the sentence is for a person.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            Text(
                fr=f"Ces octets ne forment pas une vidéo lisible ({what}) : vérifiez la source ou lancez "
                "la réparation.",
                en=f"These bytes are not readable video ({what}): check the source or run the repair.",
            )
        )
        self.what = what
