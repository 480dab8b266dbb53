"""Child process of `beffroi.registry.scan`: a PDF on its input, its text on its output, within limits.

A PDF is somebody else's file. It is parsed here, in a process that owns nothing, not in the centre.
"""

import io
import resource
import sys
from typing import Final

_MEMORY_BYTES: Final = 1024 * 1024 * 1024
_CPU_S: Final = 5
_FIRST_PAGES: Final = 10
_LAST_PAGES: Final = 5
_MOST_CHARACTERS: Final = 400_000


def main() -> None:
    """Write the text of the first and last pages."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(sys.stdin.buffer.read())).pages
    count = len(pages)
    wanted = sorted({*range(min(count, _FIRST_PAGES)), *range(max(0, count - _LAST_PAGES), count)})
    text = "\n".join(pages[number].extract_text() for number in wanted)
    sys.stdout.buffer.write(text[:_MOST_CHARACTERS].encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
