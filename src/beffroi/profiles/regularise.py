"""The steps from a carrier to a body that L.132-14 knows, in the order in which a syndicat would take them.

A step says what is issued; what it opens is asked of the engine (`beffroi.profiles.way`).
"""

from collections.abc import Iterable
from dataclasses import replace

from beffroi.domain.facts import Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.worlds.paper import reach
from beffroi.profiles.desk import Site, accreditation, designation, order
from beffroi.profiles.draft import Town
from beffroi.profiles.parts import at_their_place
from beffroi.profiles.pooling import Pool
from beffroi.profiles.shape import Step


def common(pool: Pool, agents: Iterable[PersonId], prefects: tuple[str, ...]) -> list[Step]:
    """What is done once for all communes: the members' agreement, the State's, one accreditation for each agent."""
    return [
        Step(
            "members-consent",
            Text(fr="Les membres donnent leur accord", en="The members give their agreement"),
            (pool.members_consent(),),
        ),
        Step(
            "state-agreement",
            Text(fr="L'État convient des modalités d'intervention", en="The State agrees how its forces intervene"),
            (pool.state_agreement(),),
        ),
        Step(
            "accreditations",
            Text(fr="Le préfet agrée chaque opérateur", en="The préfet accredits each operator"),
            tuple(accreditation(agent, pool.id, pool.departements, prefects) for agent in agents),
        ),
    ]


def of_a_town(
    pool: Pool, town: Town, site: Site, agents: Iterable[PersonId], *, hours: str | None = None
) -> list[Step]:
    """What each commune does: consent, agreement, an order that names the operators, one designation for each."""
    name = town.name
    amended = replace(site, viewers=(*site.viewers, "syndicat_agent"))
    return [
        Step(
            f"consent-{town.id}",
            Text(fr=f"{name} consent pour ses caméras", en=f"{name} consents for its cameras"),
            (pool.consent(town),),
        ),
        Step(
            f"agreement-{town.id}",
            Text(fr=f"{name} passe convention avec le syndicat", en=f"{name} signs an agreement"),
            (pool.agreement(town.id, town.by, hours=hours),),
        ),
        Step(
            f"order-{town.id}",
            Text(
                fr=f"L'arrêté de {name} nomme les opérateurs du syndicat",
                en=f"The order of {name} names the syndicat's operators",
            ),
            (order(amended, version=2),),
        ),
        Step(
            f"designation-{town.id}",
            Text(
                fr=f"Le maire de {name} désigne chaque opérateur pour relire, piloter et extraire",
                en=f"The mayor of {name} designates each operator for replay, control and extracts",
            ),
            tuple(designation(agent, town.id, town.authority, town.by, reach(town.id)) for agent in agents),
        ),
    ]


def of_a_controller(
    pool: Pool,
    controller: BodyId,
    by: str,
    agents: Iterable[PersonId],
    row: str,
    *,
    inside: tuple[Site, ...] = (),
    receptions: tuple[Site, ...] = (),
) -> list[Step]:
    """For another body's buildings: the order of its receptions amended, its designations; then, optionally, the
    written position of the préfecture on what the law leaves open there."""
    sites = (*inside, *receptions)
    where = "-".join(site.system for site in sites)
    named = ", ".join(site.label for site in sites)
    steps = []
    if receptions:
        amended = tuple(replace(site, viewers=(*site.viewers, "syndicat_agent")) for site in receptions)
        steps.append(
            Step(
                f"order-{where}",
                Text(
                    fr=f"L'arrêté nomme les opérateurs du syndicat ({named})",
                    en=f"The order names the syndicat's operators ({named})",
                ),
                tuple(order(site, version=2) for site in amended),
            )
        )
    designated = tuple(at_their_place(agent, controller, by, *sites) for agent in agents)
    position = pool.position(row, controller)
    return [
        *steps,
        Step(
            f"designation-{where}",
            Text(
                fr=f"Le responsable désigne chaque opérateur ({named})",
                en=f"The body responsible designates each operator ({named})",
            ),
            designated,
        ),
        Step(
            f"position-{where}",
            Text(
                fr=f"La préfecture écrit sa position sur ce point ouvert ({named})",
                en=f"The préfecture writes its position on this open point ({named})",
            ),
            (position,),
            optional=True,
        ),
    ]


def former_president(person: PersonId, departement: BodyId) -> Person:
    """Who presided, once a mayor does: an elected member of the département, no more."""
    label = Text(fr="Conseiller départemental, ancien président", en="Departmental councillor, former president")
    return Person(person, label, PersonStatus.ELECTED, departement)
