"""Steps of a filmed person's request in words, by the outcome of their entry."""

from typing import Final

from beffroi.domain.text import Text

SUBJECT_WORDS: Final[dict[str, Text]] = {
    "subject_received": Text(fr="Demande d'une personne filmée reçue", en="A filmed person's request received"),
    "subject_routed": Text(fr="Demande d'une personne filmée transmise", en="A filmed person's request passed on"),
    "subject_registered": Text(fr="Minutes gelées pour une demande", en="Minutes held for a request"),
    "subject_identified": Text(fr="Identité vérifiée, non conservée", en="Identity checked, not kept"),
    "subject_proposed": Text(fr="Accès soumis au responsable", en="Access put before the controller"),
    "subject_decided": Text(fr="Décision du responsable sur une demande", en="The controller's decision on a request"),
    "subject_answered": Text(fr="Réponse envoyée à la personne filmée", en="Answer sent to the person filmed"),
    "subject_viewing": Text(fr="Visionnage accompagné commencé", en="Supervised viewing begun"),
    "subject_viewing_ended": Text(fr="Visionnage accompagné terminé", en="Supervised viewing ended"),
    "subject_copy_prepared": Text(fr="Copie dérivée préparée", en="Derived copy prepared"),
    "subject_copy_agreed": Text(fr="Accord de la seconde personne", en="Second person's agreement"),
    "subject_copy_built": Text(fr="Copie dérivée faite, tiers masqués", en="Derived copy made, third parties masked"),
    "subject_copy_checked": Text(fr="Copie dérivée relue", en="Derived copy looked over"),
    "subject_copy_begun": Text(fr="Sortie d'une copie dérivée commencée", en="Fetching of a derived copy begun"),
    "subject_copy_refused": Text(fr="Sortie d'une copie dérivée refusée", en="Fetching of a derived copy refused"),
    "subject_copy_fetched": Text(fr="Copie dérivée sortie du centre", en="Derived copy fetched from the centre"),
    "subject_copy_handed": Text(fr="Copie dérivée remise à la personne", en="Derived copy handed to the person"),
    "subject_closed": Text(fr="Demande d'une personne filmée close", en="A filmed person's request closed"),
}
