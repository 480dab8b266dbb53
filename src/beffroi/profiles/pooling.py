"""Papers of a pooling body: what L.132-14 asks for, one function for each."""

from collections.abc import Mapping
from dataclasses import dataclass

from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.ids import BodyId
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import write
from beffroi.profiles.draft import Town


@dataclass(frozen=True, slots=True)
class Pool:
    """A pooling body: its id, how it is called, how its president and its assembly sign, the préfet of its seat."""

    id: BodyId
    name: str
    president: str
    assembly: str
    prefect: str
    departements: tuple[str, ...]

    def statutes(
        self,
        *,
        form: str,
        natures: Mapping[BodyId, str],
        mandate: str,
        president: str,
        dlpd: bool = True,
        version: int = 1,
    ) -> Document:
        """The statutes (D12): members with their nature, the president and the mandate that he or she holds."""
        fields: dict[str, JsonValue] = {
            "form": form,
            "dlpd": dlpd,
            "members": [*map(str, sorted(natures))],
            "natures": dict(sorted(natures.items())),
            "adjoining": True,
            "departements": list(self.departements),
            "president": president,
            "president_mandate": mandate,
        }
        return write(DocumentKind.STATUTES, self.id, self.prefect, reach(self.id), fields, version=version)

    def competence(self, epci: BodyId, council: str) -> Document:
        """The deliberation by which a member EPCI takes the crime-prevention competence (D7)."""
        fields: dict[str, JsonValue] = {"object": "dlpd", "body": epci}
        return write(DocumentKind.DELIBERATION, f"{epci}-competence", council, reach(epci), fields)

    def members_consent(self) -> Document:
        """The members' agreement (D7, first half of the double consent)."""
        fields = self._vote("members_consent", self.id)
        return write(DocumentKind.DELIBERATION, f"{self.id}-membres", self.assembly, reach(self.id), fields)

    def consent(self, town: Town) -> Document:
        """The agreement of the commune where the cameras stand (D7, second half)."""
        fields = self._vote("commune_consent", town.id)
        return write(DocumentKind.DELIBERATION, f"{town.id}-accord", town.council, reach(town.id), fields)

    def agreement(self, party: BodyId, by: str, *, hours: str | None = None) -> Document:
        """The agreement with one member (D3): it lends viewing staff, within hours where it says so."""
        fields: dict[str, JsonValue] = {} if hours is None else {"hours": hours}
        name, both = f"{self.id}-{party}", f"{by} ; {self.president}"
        return write(DocumentKind.AGREEMENT, name, both, reach(self.id, party), fields)

    def state_agreement(self) -> Document:
        """The agreement with the State (D4), with the legal basis of any feed."""
        fields: dict[str, JsonValue] = {"prefet": self.prefect, "hours": "24 h sur 24"}
        both = f"{self.prefect} ; {self.president}"
        return write(DocumentKind.STATE_AGREEMENT, self.id, both, reach(self.id), fields)

    def role_act(self, party: BodyId, controller: str, by: str, instructions: str) -> Document:
        """Who is responsible and who processes for whom (D18): a carrier has one too."""
        fields: dict[str, JsonValue] = {
            "controller": controller,
            "processor": self.name,
            "instructions": instructions,
        }
        name, both = f"{self.id}-{party}", f"{by} ; {self.president}"
        return write(DocumentKind.ROLE_ACT, name, both, reach(self.id, party), fields)

    def position(self, row: str, place: BodyId) -> Document:
        """The written position of the préfecture that opens a point the law leaves open (D22)."""
        fields: dict[str, JsonValue] = {"point": row, "answer": "open"}
        return write(DocumentKind.PREFECTURE_POSITION, f"{row}-{place}", self.prefect, reach(place), fields)

    def _vote(self, what: str, body: BodyId) -> dict[str, JsonValue]:
        return {"object": what, "body": body, "pooling_body": self.id}
