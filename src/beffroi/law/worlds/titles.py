"""The papers of persons: what opens images to one person by name."""

from collections.abc import Iterable
from typing import Self

from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.law.worlds.blank import ACTS
from beffroi.law.worlds.paper import reach
from beffroi.law.worlds.pooling import Pooling

_K = DocumentKind


class Titles(Pooling):
    """Adds elections, accreditations, designations, requisitions and the like."""

    def elect(self, mayor: str) -> Self:
        """The election record of a mayor."""
        return self.add(_K.ELECTION, mayor, reach(self._commune_of(mayor), persons=[mayor]))

    def delegate(self, person: str) -> Self:
        """An elected person's delegation for the municipal police."""
        return self.add(_K.DELEGATION, person, reach(self._commune_of(person), persons=[person]))

    def police(self, person: str) -> Self:
        """The accreditation of a municipal police officer."""
        return self.add(_K.POLICE_ACCREDITATION, person, reach(persons=[person]))

    def accredit(self, person: str, departements: Iterable[str] = (), also_for: Iterable[str] = ()) -> Self:
        """The individual accreditation of an agent, by default for the employer's département."""
        employer = self._persons[person].employer
        codes: list[JsonValue] = list(departements) or [self._code_of(employer)]
        fields: dict[str, JsonValue] = {"employer": employer, "departements": codes}
        if others := [str(one) for one in also_for]:
            fields["also_for"] = [*others]
        return self.add(_K.ACCREDITATION, person, reach(persons=[person]), fields)

    def designate(
        self,
        person: str,
        place: str,
        authority: str | None = None,
        *,
        acts: Iterable[str] = ACTS,
        systems: Iterable[str] = (),
        name: str | None = None,
    ) -> Self:
        """The designation of a person for a commune (or systems in it), by its mayor unless another is said."""
        fields: dict[str, JsonValue] = {"authority": authority or f"maire/{place}", "acts": list(acts)}
        about = reach(place, systems=systems, persons=[person])
        return self.add(_K.DESIGNATION, name or f"{person}-{place}", about, fields)

    def service_designation(
        self, person: str, place: str, acts: Iterable[str] = ("live", "replay", "ptz"), systems: Iterable[str] = ()
    ) -> Self:
        """A service's chief designates one of its personnel for a commune."""
        about = reach(place, systems=systems, persons=[person])
        return self.add(_K.SERVICE_DESIGNATION, f"{person}-{place}", about, {"acts": list(acts)})

    def requisition(
        self, cameras: Iterable[str], person: str | None = None, name: str | None = None, **fields: JsonValue
    ) -> Self:
        """A judicial requisition for these cameras; ``person`` is the investigator who carries it."""
        several = list(cameras)
        about = reach(cameras=several, persons=[person] if person else [])
        return self.add(_K.REQUISITION, name or "-".join(several), about, fields)

    def administrative_request(self, person: str, cameras: Iterable[str], **fields: JsonValue) -> Self:
        """An administrative authority's request, in a procedure."""
        return self.add(_K.ADMINISTRATIVE_REQUEST, person, reach(cameras=cameras, persons=[person]), fields)

    def subject_request(self, person: str, cameras: Iterable[str], **fields: JsonValue) -> Self:
        """A filmed person's request, granted by the controller."""
        return self.add(_K.SUBJECT_REQUEST, person, reach(cameras=cameras, persons=[person]), fields)

    def mission_letter(self, person: str, images: bool = True) -> Self:
        """An inspector's mission letter."""
        return self.add(_K.MISSION_LETTER, person, reach(persons=[person]), {"images": images})

    def command_presence(self, person: str, commune: str) -> Self:
        """The presence of an authority in the command room."""
        return self.add(_K.COMMAND_PRESENCE, f"{person}-{commune}", reach(commune, persons=[person]))

    def lend(self, person: str, syndicat: str) -> Self:
        """The secondment of an agent to a syndicat (row 19)."""
        return self.add(_K.SECONDMENT, f"{person}-{syndicat}", reach(syndicat, persons=[person]))

    def _commune_of(self, person: str) -> str:
        commune = self._persons[person].commune
        if commune is None:
            raise ValueError(f"{person} is of no commune")
        return commune
