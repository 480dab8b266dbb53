"""A law that fits in a table, for tests of what stands around the law."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.ids import AuthorityId, CameraId, DocumentId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

_MAYOR = AuthorityId("maire/99001")


@dataclass
class TableLaw:
    """Allows the pairs (person, camera) that the table holds. ``asked`` counts the questions."""

    allowed: set[tuple[str, str]] = field(default_factory=set)
    changes: int = 1
    asked: int = 0
    broken: bool = False
    authority: AuthorityId = _MAYOR
    recorded_under: AuthorityId | None = None

    def allow(self, person: str, camera: str) -> None:
        self.allowed.add((person, camera))
        self.changes += 1

    def withdraw(self, person: str, camera: str) -> None:
        self.allowed.discard((person, camera))
        self.changes += 1

    def revision(self) -> int:
        if self.broken:
            raise RuntimeError("no facts")
        return self.changes

    def decide(self, request: ActRequest) -> Decision:
        self.asked += 1
        if self.broken:
            raise RuntimeError("no law")
        allowed = (request.person, request.camera) in self.allowed
        return Decision(
            verdict=Verdict.ALLOW if allowed else Verdict.DENY,
            request=request,
            authority=self.authority,
            ground="G1",
            rules=("R1",),
            articles=("CSI L.132-14",),
            documents=(DocumentId("agreement/E-X"),),
            conditions=(),
            sentence=Text(fr="Autorisé.", en="Allowed.") if allowed else Text(fr="Refusé.", en="Refused."),
            cure=None,
            disclosable=True,
            rule_set_hash="ab" * 32,
            facts_hash="cd" * 32,
            recorded_under=self.recorded_under,
        )


def live(person: str = "p1", camera: str = "cam-1") -> ActRequest:
    """A request to watch live."""
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return ActRequest(PersonId(person), Act.LIVE, CameraId(camera), Purpose.F5, at)


def replay(footage: WallRange, person: str = "p1", camera: str = "cam-1") -> ActRequest:
    """A request to play back."""
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    return ActRequest(PersonId(person), Act.REPLAY, CameraId(camera), Purpose.F5, at, footage)
