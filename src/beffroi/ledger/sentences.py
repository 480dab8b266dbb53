"""An entry in words, for the person who reads “my acts” and for those who control."""

from typing import Final

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind, Record
from beffroi.ledger.subjectwords import SUBJECT_WORDS

_PLAIN: Final[dict[EntryKind, Text]] = {
    EntryKind.VIEW_OPENED: Text(fr="Vue ouverte", en="View opened"),
    EntryKind.VIEW_REFUSED: Text(fr="Vue refusée", en="View refused"),
    EntryKind.VIEW_CUT: Text(fr="Vue coupée : le droit a été retiré", en="View cut: the right was withdrawn"),
    EntryKind.VIEW_ENDED: Text(fr="Fin de la vue", en="End of the view"),
    EntryKind.DESTRUCTION: Text(fr="Effacement au terme", en="Destruction at term"),
    EntryKind.HOLD: Text(fr="Gel", en="Hold"),
    EntryKind.DOCUMENT_CHANGED: Text(fr="Pièce modifiée", en="Document changed"),
    EntryKind.LOGIN: Text(fr="Connexion", en="Login"),
    EntryKind.LOGIN_FAILED: Text(fr="Connexion refusée", en="Login refused"),
    EntryKind.LOGOUT: Text(fr="Déconnexion", en="Logout"),
    EntryKind.ACCOUNT_CHANGED: Text(fr="Compte modifié", en="Account changed"),
    EntryKind.RECORDER: Text(fr="Acte de l'enregistreur", en="Act of the recorder"),
    EntryKind.KEYRING_OPENED: Text(fr="Trousseau ouvert", en="Keyring opened"),
    EntryKind.REGISTER_READ: Text(fr="Registre consulté", en="Register read"),
    EntryKind.SCREEN_CHANGED: Text(fr="Personnes devant l'écran modifiées", en="Persons before the screen changed"),
    EntryKind.POST_CHANGED: Text(fr="Poste modifié", en="Workstation changed"),
    EntryKind.REVIEWED: Text(fr="Acte revu par le chef de salle", en="Act reviewed by the room supervisor"),
    EntryKind.RESTORED: Text(fr="Centre restauré depuis une sauvegarde", en="Centre restored from a back-up"),
    EntryKind.REPORT_MADE: Text(fr="Rapport ou dossier de contrôle établi", en="Report or evidence pack made"),
    EntryKind.DESK: Text(fr="Guichet des réquisitions", en="Requisition desk"),
    EntryKind.REGISTER_TERM: Text(fr="Durée de conservation du registre modifiée", en="Term of the register changed"),
    EntryKind.REGISTER_PRUNED: Text(
        fr="Écritures du registre effacées à leur terme", en="Entries pruned at their term"
    ),
}

_OPENED: Final[dict[Act, Text]] = {
    Act.LIVE: Text(fr="Vue en direct ouverte", en="Live view opened"),
    Act.REPLAY: Text(fr="Relecture ouverte", en="Replay opened"),
}
_REFUSED: Final[dict[Act, Text]] = {
    Act.LIVE: Text(fr="Vue en direct refusée", en="Live view refused"),
    Act.REPLAY: Text(fr="Relecture refusée", en="Replay refused"),
}
_ENDED: Final[dict[Act, Text]] = {
    Act.LIVE: Text(fr="Fin de la vue en direct", en="End of the live view"),
    Act.REPLAY: Text(fr="Fin de la relecture", en="End of the replay"),
}
_OUTCOMES: Final[dict[str, Text]] = {
    "document_proposed": Text(fr="Pièce saisie", en="Document entered"),
    "document_confirmed": Text(fr="Pièce confirmée", en="Document confirmed"),
    "document_suspended": Text(fr="Pièce suspendue", en="Document suspended"),
    "document_withdrawn": Text(fr="Pièce retirée", en="Document withdrawn"),
    "document_first_confirmed": Text(
        fr="Pièce confirmée par une première personne", en="Document confirmed by a first person"
    ),
    "document_attached": Text(fr="Fichier joint à la pièce", en="File attached to the document"),
    "deadline_announced": Text(fr="Échéance annoncée", en="Deadline announced"),
    "deadline_acknowledged": Text(fr="Annonce lue", en="Announcement read"),
    "shift_entered": Text(fr="Service inscrit au planning", en="Shift entered in the roster"),
    "shift_replaced": Text(fr="Remplacement au planning", en="Replacement in the roster"),
    "shift_cancelled": Text(fr="Service annulé", en="Shift cancelled"),
    "camera_proposed": Text(fr="Caméra saisie", en="Camera entered"),
    "camera_confirmed": Text(fr="Emplacement de caméra confirmé", en="Camera place confirmed"),
    "camera_retired": Text(fr="Caméra retirée", en="Camera retired"),
    "person_added": Text(fr="Personne enregistrée", en="Person recorded"),
    "body_added": Text(fr="Organisme enregistré", en="Body recorded"),
    "members_set": Text(fr="Membres modifiés", en="Members changed"),
    "system_added": Text(fr="Système enregistré", en="System recorded"),
}
_ACCOUNTS: Final[dict[str, Text]] = {
    "invited": Text(fr="Compte ouvert, lien remis", en="Account created, link handed out"),
    "opened": Text(fr="Compte activé", en="Account opened"),
    "locked": Text(fr="Compte verrouillé", en="Account locked"),
    "unlocked": Text(fr="Compte déverrouillé", en="Account unlocked"),
    "reset-requested": Text(
        fr="Remplacement d'un second facteur demandé", en="Replacement of a second factor requested"
    ),
    "reset-approved": Text(
        fr="Remplacement d'un second facteur approuvé", en="Replacement of a second factor approved"
    ),
}
_SCREEN: Final[dict[str, Text]] = {
    "came": Text(fr="Personne déclarée devant l'écran", en="Person declared before the screen"),
    "left": Text(fr="Personne partie de devant l'écran", en="Person gone from the screen"),
    "visitor-came": Text(fr="Visiteur devant l'écran : images éteintes", en="Visitor before the screen: images off"),
    "visitor-left": Text(fr="Visiteur parti de devant l'écran", en="Visitor gone from the screen"),
}
_POSTS: Final[dict[str, Text]] = {
    "created": Text(fr="Poste déclaré", en="Workstation declared"),
    "enrolled": Text(fr="Poste installé sur une machine", en="Workstation enrolled on a machine"),
    "revoked": Text(fr="Poste révoqué", en="Workstation revoked"),
}
_RESTORED: Final[dict[str, Text]] = {
    "restored": Text(
        fr="Centre restauré depuis une sauvegarde : images fermées", en="Centre restored from a back-up: images shut"
    ),
    "reconciled": Text(
        fr="Restauration rapprochée par deux personnes : images rouvertes",
        en="Restoration reconciled by two persons: images open again",
    ),
}
_TERMS: Final[dict[str, Text]] = {
    "term_set": Text(fr="Durée de conservation du registre fixée", en="Term of the register set"),
    "held": Text(fr="Registre gelé : rien n'y est effacé", en="Register held: nothing in it is erased"),
    "hold_ended": Text(fr="Fin du gel du registre", en="End of the hold on the register"),
}
_HOLDS: Final[dict[str, Text]] = {
    "held": Text(fr="Gel posé", en="Hold placed"),
    "renewed": Text(fr="Gel prolongé", en="Hold lengthened"),
    "not_all_held": Text(
        fr="Fichiers abîmés ou à leur terme : jamais gelés", en="Files damaged or past their term: never held"
    ),
    "refused": Text(fr="Gel refusé", en="Hold refused"),
    "ended": Text(fr="Fin d'un gel", en="End of a hold"),
}
_RECORDER: Final[dict[str, Text]] = {
    "journal_disagrees": Text(
        fr="Le journal de l'enregistreur n'est plus celui que le registre a repris",
        en="The recorder's journal is no longer the one that the register took in",
    ),
    "register_head": Text(
        fr="Point de contrôle du registre gardé par l'enregistreur",
        en="Checkpoint of the register kept by the recorder",
    ),
    "register_anew": Text(
        fr="L'enregistreur reprend le registre à neuf", en="The recorder begins anew with the register"
    ),
}
_DESK: Final[dict[str, Text]] = {
    "opened": Text(fr="Dossier ouvert", en="Case opened"),
    "searched": Text(fr="Caméras recherchées par lieu", en="Cameras searched by place"),
    "called": Text(fr="Appel d'un service d'enquête", en="Call of an investigating service"),
    "paper_attached": Text(fr="Réquisition jointe au dossier", en="Requisition attached to the case"),
    "prepared": Text(fr="Remise préparée", en="Delivery prepared"),
    "agreed": Text(fr="Accord de la seconde personne", en="Second person's agreement"),
    "built": Text(fr="Remise constituée", en="Delivery built"),
    "fetch_begun": Text(fr="Copie d'une remise commencée", en="Fetching of a delivery begun"),
    "fetch_refused": Text(fr="Copie d'une remise refusée", en="Fetching of a delivery refused"),
    "fetched": Text(fr="Remise copiée du centre", en="Delivery fetched from the centre"),
    "received": Text(fr="Récépissé enregistré", en="Receipt recorded"),
    "closed": Text(fr="Dossier clos", en="Case closed"),
    "onsite_asked": Text(fr="Visionnage sur place demandé", en="Viewing on site asked for"),
    "onsite_opened": Text(fr="Visionnage sur place commencé", en="Viewing on site begun"),
    "onsite_marked": Text(fr="Minutes repérées pour l'extrait", en="Minutes marked for the extract"),
    "onsite_unmarked": Text(fr="Repère supprimé", en="Mark removed"),
    "onsite_ended": Text(fr="Visionnage sur place terminé", en="Viewing on site ended"),
    "onsite_left": Text(fr="Départ de l'enquêteur de l'écran", en="Investigator left the screen"),
}
_BY_OUTCOME: Final = {
    EntryKind.HOLD: _HOLDS,
    EntryKind.DESK: {**_DESK, **SUBJECT_WORDS},
    EntryKind.RECORDER: _RECORDER,
    EntryKind.REGISTER_TERM: _TERMS,
    EntryKind.RESTORED: _RESTORED,
    EntryKind.DOCUMENT_CHANGED: _OUTCOMES,
    EntryKind.ACCOUNT_CHANGED: _ACCOUNTS,
    EntryKind.SCREEN_CHANGED: _SCREEN,
    EntryKind.POST_CHANGED: _POSTS,
}


def change_words(outcome: str) -> Text:
    """A change of the facts in words, by its kind."""
    return _OUTCOMES.get(outcome, _PLAIN[EntryKind.DOCUMENT_CHANGED])


def sentence(record: Record) -> Text:
    """What happened, in a few words; the columns beside it say where and when."""
    if record.kind is EntryKind.VIEW_REFUSED and record.decision and record.decision.verdict is Verdict.UNSETTLED:
        return Text(
            fr="Vue refusée, à confirmer avec la préfecture", en="View refused, to be confirmed with the préfecture"
        )
    by_act = {
        EntryKind.VIEW_OPENED: _OPENED,
        EntryKind.VIEW_REFUSED: _REFUSED,
        EntryKind.VIEW_ENDED: _ENDED,
    }.get(record.kind)
    if by_act is not None and record.act in by_act:
        return by_act[record.act]
    words = _BY_OUTCOME.get(record.kind, {}).get(record.outcome or "")
    if words is not None:
        subject = record.detail.get("subject") or record.detail.get("post")
        return Text(fr=f"{words.fr} : {subject}", en=f"{words.en}: {subject}") if subject else words
    if record.kind is EntryKind.REGISTER_READ and record.detail.get("day"):
        day = record.detail["day"]
        return Text(fr=f"Registre consulté : journée du {day}", en=f"Register read: day {day}")
    return _PLAIN[record.kind]
