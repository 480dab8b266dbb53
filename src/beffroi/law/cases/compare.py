"""What a case expected against what the law answered: one sentence for each difference."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from beffroi.domain.acts import Verdict
from beffroi.domain.decision import Decision
from beffroi.domain.facts import Facts
from beffroi.domain.text import Text
from beffroi.law.cases.model import Case, Expected
from beffroi.law.cases.names import resolve, same_kind
from beffroi.law.pack import Pack

_ACCEPTED: Final[Mapping[Expected, frozenset[Verdict]]] = {
    Expected.ALLOW: frozenset({Verdict.ALLOW}),
    Expected.REFUSE: frozenset({Verdict.DENY, Verdict.UNSETTLED}),
    Expected.DENY: frozenset({Verdict.DENY}),
    Expected.UNSETTLED: frozenset({Verdict.UNSETTLED}),
}
_TO_BE_CONFIRMED: Final = Text(fr="à confirmer", en="to be confirmed")
_PRESIDENT: Final = re.compile(r"^(president[_-]cd|president|d[eé]partement)/")


def differences(case: Case, decision: Decision, facts: Facts, pack: Pack) -> list[Text]:
    """Everything in which the answer is not the one expected; empty: the case holds."""
    if decision.verdict not in _ACCEPTED[case.expect]:  # the rest would only repeat it
        return [_said("le verdict", "the verdict", case.expect.value, decision.verdict.value)]
    return [*_main(case, decision, pack), *_cited(case, decision, facts, pack)]


def _main(case: Case, decision: Decision, pack: Pack) -> Iterator[Text]:
    if case.expect is Expected.UNSETTLED:
        sentence = decision.sentence
        if _TO_BE_CONFIRMED.fr not in sentence.fr or _TO_BE_CONFIRMED.en not in sentence.en:
            yield _said("la phrase", "the sentence", "« à confirmer »", sentence.fr)
    if case.cure is not None:
        cures = _cures(decision, pack)
        if not any(same_kind(case.cure, one) for one in cures):
            yield _said("le remède", "the cure", case.cure, ", ".join(cures) or "—")
    if case.authority is not None and _authority(case.authority) != decision.authority:
        yield _said("l'autorité", "the authority", case.authority, decision.authority or "—")
    if case.row is not None and not _same_row(case.row, decision.ground):
        yield _said("la ligne", "the row", case.row, decision.ground)


def _cited(case: Case, decision: Decision, facts: Facts, pack: Pack) -> Iterator[Text]:
    cited = {name for rule in decision.rules for name in (rule, *aliases(pack, rule))}
    for rule in case.rules:
        if rule not in cited:
            yield _said("une règle citée", "a rule cited", rule, ", ".join(decision.rules))
    for article in case.articles:
        if not any(_bare(article) in _bare(one) for one in decision.articles):
            yield _said("un article cité", "an article cited", article, ", ".join(decision.articles))
    for name in case.documents:
        if not set(resolve(facts, name)) & set(decision.documents):
            yield _said("une pièce citée", "a document cited", name, ", ".join(decision.documents) or "—")


def aliases(pack: Pack, rule: str) -> tuple[str, ...]:
    """The other names of a rule."""
    known = pack.rules.get(rule)
    return known.aliases if known is not None else ()


def _said(fr: str, en: str, expected: str, got: str) -> Text:
    return Text(fr=f"{fr} attendu : {expected} ; rendu : {got}", en=f"{en} expected: {expected}; got: {got}")


def _cures(decision: Decision, pack: Pack) -> list[str]:
    """The kinds that would cure: of the answer itself, then of each condition that is not met."""
    cures = [decision.cure.kind] if decision.cure is not None else []
    for one in decision.conditions:
        words = pack.conditions.get(one.id)
        if not one.met and words is not None and words.cure is not None:
            cures.append(words.cure.kind)
    return list(dict.fromkeys(cures))


def _authority(name: str) -> str:
    return _PRESIDENT.sub("president-cd/", name)


def _bare(article: str) -> str:
    return re.sub(r"[^a-z0-9]", "", article.casefold().replace("csi", ""))


def _same_row(wanted: str, ground: str) -> bool:
    row = _row(wanted)
    return ground == wanted or _row(ground) == row or _row(ground).startswith(f"{row}-")


def _row(name: str) -> str:
    bare = re.sub(r"[\s_]", "", name.casefold()).removeprefix("row").lstrip("-").lstrip("0")
    return bare.replace("-bis", "bis")
