"""The console's built files. Every address that is not a file is the console itself (it routes inside)."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse, Response

from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text
from beffroi.server.access import PUBLIC, RouteFact

FOLDER: Final = Path(__file__).parent / "static"

_NOT_BUILT: Final = (
    "La console n'est pas construite : lancez « make install ».\nThe console is not built: run `make install`.\n"
)

FACT: Final = RouteFact("GET", "/{path}", PUBLIC, "The console's built files; no data of the centre.")

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
def console(path: str) -> Response:
    """A built file, or the console's page.

    Raises:
        NotFoundError: for an unknown address under ``/api`` or ``/assets``.
    """
    if path.startswith(("api/", "ws/")):
        raise NotFoundError(Text(fr="Cette adresse n'existe pas.", en="This address does not exist."))
    file = _file(path)
    if file is not None:
        return FileResponse(file)
    if path.startswith("assets/"):
        raise NotFoundError(Text(fr="Cette adresse n'existe pas.", en="This address does not exist."))
    index = FOLDER / "index.html"
    if not index.is_file():
        return PlainTextResponse(_NOT_BUILT, status_code=503)
    return FileResponse(index)


def _file(path: str) -> Path | None:
    """The built file of this address, never one outside the console's folder."""
    try:
        wanted = (FOLDER / path).resolve()
        return wanted if path and wanted.is_relative_to(FOLDER.resolve()) and wanted.is_file() else None
    except (OSError, ValueError):  # a name that no file system takes
        return None
