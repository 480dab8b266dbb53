"""The papers of sharing: what a pooling body needs, and what each member signs with it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Self

from beffroi.domain.acts import Form
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.facts import BodyKind
from beffroi.domain.ids import DocumentId
from beffroi.law.worlds.paper import reach
from beffroi.law.worlds.places import Places

_K = DocumentKind
_NATURES: Mapping[BodyKind, str] = {
    BodyKind.COMMUNE: "commune",
    BodyKind.EPCI: "epci_dlpd",
    BodyKind.DEPARTEMENT: "departement",
}


class Pooling(Places):
    """Adds statutes, consents, agreements and role acts."""

    def pooling(self, body: str, **statutes: JsonValue) -> Self:
        """Statutes, agreement with the State and, for a syndicat, the members' consent."""
        pool = self._bodies[body]
        form = pool.form or Form.G
        members: list[JsonValue] = [str(one) for one in sorted(pool.members)]
        codes: list[JsonValue] = [str(one) for one in sorted({self._code_of(one) for one in pool.members})]
        fields: dict[str, JsonValue] = {
            "form": form.value,
            "members": members,
            "departements": codes or [self.code],
            "president": f"president{body}",
        }
        if form in {Form.D, Form.E, Form.G}:
            fields["natures"] = {
                one: _NATURES.get(self._bodies[one].kind, "other") if one in self._bodies else "other"
                for one in sorted(pool.members)
            }
        if form is Form.E:
            fields |= {"adjoining": True, "president_mandate": "mayor"}
        self.add(_K.STATUTES, body, reach(body), fields | statutes)
        self.add(_K.STATE_AGREEMENT, body, reach(body))
        if form in {Form.D, Form.E}:
            consent: dict[str, JsonValue] = {"object": "members_consent", "body": body, "pooling_body": body}
            self.add(_K.DELIBERATION, f"{body}-membres", reach(body), consent)
        return self

    def pooled(self, body: str, commune: str) -> Self:
        """What a member signs with its pooling body: consent, agreement, act of roles."""
        consent: dict[str, JsonValue] = {"object": "commune_consent", "body": commune, "pooling_body": body}
        name = f"{commune}-accord"
        if DocumentId(f"deliberation/{name}") in self._documents:
            name = f"{commune}-accord-{body}"
        self.add(_K.DELIBERATION, name, reach(commune), consent)
        self.agreement(body, commune)
        return self.role_act(body, commune)

    def agreement(self, body: str, member: str, **fields: JsonValue) -> Self:
        """The agreement between a pooling body and one member."""
        return self.add(_K.AGREEMENT, f"{body}-{member}", reach(body, member), fields)

    def role_act(self, body: str, controller: str) -> Self:
        """The act of roles (GDPR 26, 28) between a body and the controller of a system."""
        return self.add(_K.ROLE_ACT, f"{body}-{controller}", reach(body, controller))

    def police_pooling(self, title: str, bodies: Iterable[str], name: str | None = None, **fields: JsonValue) -> Self:
        """Municipal police shared between these parties: ``L512-1``, ``L512-2``, ``L512-3``."""
        several = list(bodies)
        return self.add(_K.POLICE_POOLING, name or "-".join(several), reach(*several), {"title": title, **fields})

    def event_pooling(self, commune: str, other: str, first_day: date, last_day: date) -> Self:
        """The préfet calls the police of another commune for an exceptional event (L.512-3)."""
        about = reach(commune, other)
        dates = {"valid_from": first_day, "valid_until": last_day}
        return self.add(_K.POLICE_POOLING, f"{commune}-{other}", about, {"title": "L512-3"}, **dates)

    def position(self, row: str, body: str, answer: str = "open") -> Self:
        """The préfecture's written position on a row, for a commune or controller."""
        return self.add(_K.PREFECTURE_POSITION, f"{row}-{body}", reach(body), {"point": row, "answer": answer})

    def service_contract(self, company: str, controller: str) -> Self:
        """The contract of a company with a controller."""
        return self.add(_K.SERVICE_CONTRACT, f"{company}-{controller}", reach(company, controller))
