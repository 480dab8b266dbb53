"""Which documents bear on a request: for each slot of the schema, the one paper that speaks best for the request.

Finding is done here; whether what was found is enough is said by the policies alone. Where several documents could
serve (two accreditations, say), any that serves is enough: the one that meets most of what is asked is kept.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from beffroi.domain.acts import Form
from beffroi.domain.decision import ActRequest
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Camera, Facts, Person
from beffroi.law.packs.fr.links import authority_of
from beffroi.law.situation import Found

CONSENT = "commune_consent"
"""Value of the field ``object`` of a deliberation that consents to the pooling of cameras on the commune's ground."""


def find(facts: Facts, request: ActRequest, person: Person, camera: Camera) -> dict[str, Found]:
    """The paper of each slot."""
    at = request.at
    search = _Search(facts, at, request, person, camera)
    return {
        "order": search.order(),
        "commissioning": search.of_place(DocumentKind.COMMISSIONING),
        "cnil_commitment": search.of_place(DocumentKind.CNIL_COMMITMENT),
        "impact_assessment": search.of_place(DocumentKind.IMPACT_ASSESSMENT),
        "mask": search.mask(),
        "election": search.election(),
        "statutes": search.statutes(),
        "consent": search.consent(),
        "agreement": search.agreement(),
        "state_agreement": search.state_agreement(),
        "accreditation": search.accreditation(),
        "designation": search.designation(),
    }


def names(document: Document, field: str) -> list[str]:
    """A field that lists names; anything else is an empty list."""
    value = document.fields.get(field)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def word(document: Document, field: str) -> str:
    """A field that is a word; anything else is an empty string."""
    value = document.fields.get(field)
    return value if isinstance(value, str) else ""


def count(document: Document, field: str) -> int:
    """A field that is a whole number; anything else is 0."""
    value = document.fields.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


@dataclass(frozen=True, slots=True)
class _Search:
    facts: Facts
    at: datetime
    request: ActRequest
    person: Person
    camera: Camera

    def order(self) -> Found:
        found = (*self._about(DocumentKind.PREFECT_ORDER, self.camera.id, self.camera.commune),)
        purpose, act, status = self.request.purpose, self.request.act, self.person.status

        def covers(one: Document) -> bool:
            return self.camera.id in one.scope.cameras and self.camera.commune in one.scope.bodies

        def serves(one: Document) -> tuple[bool, ...]:
            return (
                purpose is not None and purpose in names(one, "purposes"),
                status in names(one, "viewers"),
                act in names(one, "acts"),
            )

        return self._best(found, covers, lambda one: (all(serves(one)), *serves(one), count(one, "retention_days")))

    def of_place(self, kind: DocumentKind) -> Found:
        return self._best(self._about(kind, self.camera.commune), self._covers_place)

    def mask(self) -> Found:
        found = self._about(DocumentKind.MASK, self.camera.id)
        return self._best([one for one in found if self.camera.id in one.scope.cameras])

    def election(self) -> Found:
        found = self._about(DocumentKind.ELECTION, self.person.id)
        return self._best([one for one in found if self.camera.commune in one.scope.bodies])

    def statutes(self) -> Found:
        found = self._about(DocumentKind.STATUTES, self.person.employer)
        return self._best(
            found,
            lambda one: self.camera.commune in names(one, "members"),
            lambda one: (one.fields.get("dlpd") is True and word(one, "form") == Form.C,),
        )

    def consent(self) -> Found:
        found = self._about(DocumentKind.DELIBERATION, self.camera.commune)
        consents = [
            one
            for one in found
            if word(one, "object") == CONSENT
            and word(one, "body") == self.camera.commune
            and word(one, "pooling_body") == self.person.employer
        ]
        return self._best(consents, self._covers_place)

    def agreement(self) -> Found:
        between = self.facts.about_both(DocumentKind.AGREEMENT, self.person.employer, self.camera.commune, self.at)
        return self._best(between, serves=lambda one: (count(one, "viewing_staff") > 0,))

    def state_agreement(self) -> Found:
        return self._best(self._about(DocumentKind.STATE_AGREEMENT, self.person.employer))

    def accreditation(self) -> Found:
        commune = self.facts.bodies.get(self.camera.commune)
        found = self._about(DocumentKind.ACCREDITATION, self.person.id)
        wanted = commune.departement if commune else ""
        return self._best(found, serves=lambda one: (wanted in names(one, "departements"),))

    def designation(self) -> Found:
        here = self.facts.about_both(DocumentKind.DESIGNATION, self.person.id, self.camera.commune, self.at)
        authority = authority_of(self.camera)

        def serves(one: Document) -> tuple[bool, ...]:
            by, acts = word(one, "authority") == authority, self.request.act in names(one, "acts")
            return (by and acts, by, acts)

        return self._best(here, self._covers_place, serves)

    def _about(self, kind: DocumentKind, *keys: str) -> tuple[Document, ...]:
        """Papers that name any of these keys, each once, in order of id."""
        several = {one.id: one for key in keys for one in self.facts.about(kind, key, self.at)}
        return tuple(several[key] for key in sorted(several))

    def _covers_place(self, one: Document) -> bool:
        """The commune is named, and, where the paper names cameras or systems, this camera is among them."""
        scope, camera = one.scope, self.camera
        if camera.commune not in scope.bodies:
            return False
        return not (scope.cameras or scope.systems) or camera.id in scope.cameras or camera.system in scope.systems

    def _best(
        self,
        found: Iterable[Document],
        covers: Callable[[Document], bool] = lambda _: True,
        serves: Callable[[Document], tuple[object, ...]] = lambda _: (),
    ) -> Found:
        found = tuple(found)
        if len(found) == 1:  # nothing to choose from
            return Found(found[0], covers(found[0]))
        best: Document | None = None
        best_rank: tuple[object, ...] = ()
        for one in found:
            rank = (one.holds(self.at) and covers(one), *serves(one), one.holds(self.at), covers(one))
            if best is None or rank > best_rank:
                best, best_rank = one, rank
        return Found(best, best is not None and covers(best))
