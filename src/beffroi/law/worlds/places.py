"""The papers of a place: what any image of it asks for, before who asks."""

from collections.abc import Iterable, Mapping
from typing import Self

from beffroi.domain.acts import Origin
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.facts import Camera
from beffroi.law.worlds.blank import PURPOSES, VIEWERS
from beffroi.law.worlds.land import Land
from beffroi.law.worlds.paper import reach

_K = DocumentKind
_PURPOSES: Mapping[Origin, tuple[str, ...]] = {
    Origin.OPEN_PLACE: ("F1", "F5", "FE"),
    Origin.MERCHANT: ("F5", "FC"),
    Origin.L223_1: ("F6",),
}
_OPEN_TO_PRIVATE = frozenset({Origin.OPEN_PLACE, Origin.L223_1})


class Places(Land):
    """Adds what a system needs: order, commissioning, commitment, assessment, record, masks."""

    def ready(self, commune: str, **order: JsonValue) -> Self:
        """The systems of the commune itself (its cameras on the public way and departmental roads): every paper
        bears the commune's name. ``order`` replaces fields of the prefect's order."""
        own = [
            one
            for one in self._cameras.values()
            if one.commune == commune and one.controller is None and one.origin in {"v", "d"}
        ]
        return self._authorise(commune, commune, own, order)

    def ready_system(self, name: str, cameras: Iterable[str], **order: JsonValue) -> Self:
        """One system apart (a library, a shop, a station, the département's roads): papers under this name."""
        several = [self._cameras[one] for one in cameras]
        return self._authorise(name, several[0].commune, several, order)

    def ready_premises(self, name: str, cameras: Iterable[str], retention_days: int = 30) -> Self:
        """Premises not open to the public (origin n): assessment, record with its term, notice; no order."""
        several = [self._cameras[one] for one in cameras]
        about = reach(*_communes(several), systems=sorted({one.system for one in several}))
        self.add(_K.IMPACT_ASSESSMENT, name, about)
        self.add(_K.PROCESSING_RECORD, name, about, {"retention_days": retention_days})
        return self.add(_K.NOTICE, name, about)

    def common_parts(self, camera: str, opened_at: str, mayor_signed: bool = True) -> Self:
        """Common parts of a dwelling (origin h): agreement, mask, and an alert opened at this instant."""
        about = reach(self._cameras[camera].commune, cameras=[camera])
        self.add(_K.COMMON_PARTS_AGREEMENT, camera, about, {"mayor_signed": mayor_signed})
        self.add(_K.ALERT_RECORD, camera, about, {"opened_at": opened_at})
        return self.mask(camera)

    def conformity(self, name: str, cameras: Iterable[str]) -> Self:
        """The installer's attestation."""
        several = [self._cameras[one] for one in cameras]
        return self.add(_K.CONFORMITY, name, reach(*_communes(several), cameras=[one.id for one in several]))

    def mask(self, camera: str) -> Self:
        """A verified mask of one camera."""
        return self.add(_K.MASK, camera, reach(cameras=[camera]))

    def coordination(self, commune: str, night: bool = True) -> Self:
        """The coordination agreement of the commune's police with the State."""
        return self.add(_K.COORDINATION, commune, reach(commune), {"night_clause": night})

    def _authorise(
        self,
        name: str,
        commune: str,
        cameras: list[Camera],
        order: Mapping[str, JsonValue],
    ) -> Self:
        origins = {one.origin for one in cameras}
        purposes: list[JsonValue] = [*sorted({code for one in origins for code in _PURPOSES.get(one, PURPOSES)})]
        viewers: list[JsonValue] = [*VIEWERS, *(["private_operator"] if origins & _OPEN_TO_PRIVATE else [])]
        fields: dict[str, JsonValue] = {"system": name, "purposes": purposes, "viewers": viewers, **order}
        about = reach(commune, systems=sorted({one.system for one in cameras}))
        self.add(_K.PREFECT_ORDER, name, reach(commune, cameras=[one.id for one in cameras]), fields)
        self.add(_K.COMMISSIONING, name, about, {"system": name})
        self.add(_K.CNIL_COMMITMENT, name, about, {"controller": name})
        self.add(_K.IMPACT_ASSESSMENT, name, about)
        self.add(_K.PROCESSING_RECORD, name, about, {"purposes": purposes})
        self.add(_K.NOTICE, name, about, {"purposes": purposes})
        for one in cameras:
            self.mask(one.id)
        return self


def _communes(cameras: list[Camera]) -> list[str]:
    return sorted({one.commune for one in cameras})
