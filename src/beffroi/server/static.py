"""The console's built files. Every address that is not a file is the console itself (it routes inside)."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse, Response

from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text

FOLDER: Final = Path(__file__).parent / "static"

_NOT_BUILT: Final = (
    "La console n'est pas construite : lancez « make install ».\nThe console is not built: run `make install`.\n"
)

router = APIRouter(include_in_schema=False)


@router.get("/{path:path}")
def console(path: str) -> Response:
    """A built file, or the console's page.

    Raises:
        NotFoundError: for an unknown address under ``/api`` or ``/assets``.
    """
    if path.startswith(("api/", "ws/")):
        raise NotFoundError(Text(fr="Cette adresse n'existe pas.", en="This address does not exist."))
    wanted = (FOLDER / path).resolve()
    if path and wanted.is_relative_to(FOLDER.resolve()) and wanted.is_file():
        return FileResponse(wanted)
    if path.startswith("assets/"):
        raise NotFoundError(Text(fr="Cette adresse n'existe pas.", en="This address does not exist."))
    index = FOLDER / "index.html"
    if not index.is_file():
        return PlainTextResponse(_NOT_BUILT, status_code=503)
    return FileResponse(index)
