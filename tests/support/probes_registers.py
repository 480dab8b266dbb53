"""Calls of the route matrix: registers, who saw, reports, inspection."""

from typing import Any, Final, Protocol

SPAN: Final = "from=2026-03-01&to=2026-03-02"


class Cell(Protocol):
    """One call of the matrix."""

    @property
    def camera(self) -> str:
        """The camera of this cell."""

    @property
    def visible(self) -> bool:
        """Whether the caller may know of it."""

    def pick(self, own: str, foreign: str) -> str:
        """The object of this cell."""


Told = tuple[str, dict[str, Any] | None, int]


def register_probe(suffix: str) -> Any:
    """A register of one's own commune, of another's, of none."""

    def probe(cell: Cell) -> Told:
        path = f"/api/registers/accesses{suffix}?commune={cell.pick('X', 'Z')}&{SPAN}"
        return path, None, 200 if cell.visible else 404

    return probe


PROBES_REGISTERS: Final[dict[tuple[str, str], Any]] = {
    ("GET", "/api/registers"): lambda _: ("/api/registers", None, 200),
    ("GET", "/api/registers/{register}"): register_probe(""),
    ("GET", "/api/registers/{register}/csv"): register_probe("/csv"),
    ("GET", "/api/registers/{register}/pdf"): register_probe("/pdf"),
    ("GET", "/api/reports"): lambda _: ("/api/reports", None, 200),
    ("GET", "/api/reports/{commune}/{month}"): lambda cell: (
        f"/api/reports/{cell.pick('X', 'Z')}/2026-02",
        None,
        404,  # none was made yet
    ),
    ("GET", "/api/inspection"): lambda _: ("/api/inspection", None, 200),
    ("GET", "/api/inspection/configuration"): lambda _: ("/api/inspection/configuration", None, 200),
    # The inspector of this town has no mission letter, whatever the commune.
    ("GET", "/api/inspection/pack.zip"): lambda cell: (
        f"/api/inspection/pack.zip?commune={cell.pick('X', 'Z')}&{SPAN}",
        None,
        403,
    ),
    ("GET", "/api/seen"): lambda cell: (
        f"/api/seen?camera={cell.camera}&day=2026-03-02",
        None,
        200 if cell.visible else 404,
    ),
    ("GET", "/api/register/{index}/proof"): lambda _: ("/api/register/0/proof", None, 200),
    # The first entry opened a keyring: nobody did.
    ("GET", "/api/register/{index}/person"): lambda _: ("/api/register/0/person", None, 404),
}
