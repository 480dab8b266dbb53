"""What the gate asks: the law's engine over the facts in force."""

from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from beffroi.domain.acts import Verdict
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.registry.store import Registry

_log = structlog.get_logger(__name__)

_UNREADABLE: Final = Text(
    fr="Le référentiel des pièces ne répond pas : aucune image n'est montrée tant qu'il n'est pas rétabli. Prévenez "
    "l'administrateur.",
    en="The registry of documents does not answer: no image is shown until it is back. Tell the administrator.",
)


class RegistryDecider:
    """`beffroi.domain.decision.Decider` over a registry. Without readable facts, every answer is a denial."""

    def __init__(self, engine: LawEngine, registry: Registry) -> None:
        self._engine = engine
        self._registry = registry

    def decide(self, request: ActRequest) -> Decision:
        """Answer one request with the facts in force. Never raises."""
        try:
            facts = self._registry.facts()
        except (SQLAlchemyError, ValueError, OSError):
            _log.exception("facts unreadable")
            return self._unreadable(request)
        return replace(self._engine.decide(facts, request), facts_revision=facts.revision)

    def revision(self) -> int:
        """The newest revision; raises when it cannot be known (the gate then asks everything again)."""
        return self._registry.revision()

    def _unreadable(self, request: ActRequest) -> Decision:
        return Decision(
            verdict=Verdict.DENY,
            request=request,
            authority=None,
            ground="facts-unreadable",
            rules=(),
            articles=(),
            documents=(),
            conditions=(),
            sentence=_UNREADABLE,
            cure=None,
            disclosable=True,  # the same answer for every camera, existing or not: it tells nothing
            rule_set_hash=self._engine.pack.hash,
            facts_hash="",
        )
