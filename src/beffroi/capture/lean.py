"""The programs of the recorder begin without what they do not need. ``python -m beffroi.capture.lean`` is a worker.

structlog draws tracebacks with `rich` where it finds it: 40 % of the processor time of a worker's start, and the
values of local variables in a log.
"""

import sys


def lean() -> None:
    """To be called before anything that logs is imported."""
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None: importing it raises ImportError


if __name__ == "__main__":
    lean()
    from beffroi.capture.worker import main

    main()
