"""What is wrong in a case file: which file, which line, which case, and what to write instead."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text


class WrongError(ValueError):
    """A value cannot be understood; the sentence says what to write. The reader adds the place."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(fr=fr, en=en)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence is about."""

    file: str
    line: int | None = None
    case: str | None = None

    def says(self, text: Text) -> Text:
        """The sentence, with its place before it."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        if self.case is None:
            return Text(fr=f"{where} : {text.fr}", en=f"{where}: {text.en}")
        return Text(fr=f"{where} (cas « {self.case} ») : {text.fr}", en=f"{where} (case “{self.case}”): {text.en}")


class MalformedCaseError(BadInputError):
    """A case file cannot be run: one sentence for each thing that is wrong in it."""

    def __init__(self, sentences: Iterable[Text]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(
            Text(fr="\n".join(one.fr for one in self.sentences), en="\n".join(one.en for one in self.sentences))
        )


def near(name: str, names: Iterable[str], most: int = 5) -> str:
    """The names that look like this one, or the first few; to end a sentence with."""
    several = list(dict.fromkeys(names))
    close = difflib.get_close_matches(name, several, n=most, cutoff=0.4)
    shown = close or several[:most]
    return ", ".join(shown) + (", …" if len(several) > len(shown) and not close else "")
