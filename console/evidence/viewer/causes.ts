// Why a camera has no picture for a while, in words (src/beffroi/domain/gaps.py; a test compares).

import type { Text } from '../verify/findings';

export const CAUSES = {
  camera_unreachable: {
    fr: 'La caméra ne répondait pas sur le réseau.',
    en: 'The camera did not answer on the network.',
  },
  stream_stalled: {
    fr: "La caméra n'envoyait plus d'images.",
    en: 'The camera had stopped sending pictures.',
  },
  stream_closed: {
    fr: 'La caméra a fermé le flux.',
    en: 'The camera closed the stream.',
  },
  refused_by_camera: {
    fr: 'La caméra a refusé la connexion (identifiants ou flux).',
    en: 'The camera refused the connection (credentials or stream).',
  },
  no_order: {
    fr: "Aucune fiche d'enregistrement en cours de validité : l'enregistrement n'était pas autorisé.",
    en: 'No recording sheet in force: recording was not authorised.',
  },
  recorder_stopped: {
    fr: "L'enregistreur était arrêté.",
    en: 'The recorder was stopped.',
  },
  recorder_killed: {
    fr: "L'enregistreur s'est interrompu brutalement.",
    en: 'The recorder ended abruptly.',
  },
  disk_full: {
    fr: 'Le disque était plein.',
    en: 'The disk was full.',
  },
  disk_error: {
    fr: "Le disque a refusé l'écriture.",
    en: 'The disk refused the write.',
  },
  clock_step: {
    fr: "L'horloge de l'enregistreur a été remise à l'heure.",
    en: "The recorder's clock was set to another time.",
  },
  timestamps_jumped: {
    fr: 'Les horodatages de la caméra ont sauté.',
    en: "The camera's timestamps jumped.",
  },
  parameters_changed: {
    fr: 'La caméra a changé de réglages vidéo.',
    en: 'The camera changed its video settings.',
  },
  overrun: {
    fr: "Le disque était trop lent : des images ont été perdues avant l'écriture.",
    en: 'The disk was too slow: pictures were lost before they were written.',
  },
  unknown: {
    fr: 'Cause inconnue.',
    en: 'Unknown cause.',
  },
} satisfies Record<string, Text>;

/** What the desk says of pictures that the recorder had and has no more (src/beffroi/server/deskbuild.py). */
const LOST: Text = {
  fr: 'Ces images ont été enregistrées, puis perdues : fichier manquant ou abîmé.',
  en: 'These pictures were recorded, then lost: a file is missing or damaged.',
};

const PAST_TERM: Text = {
  fr: "Ces images étaient détruites à leur terme avant que le gel ne les atteigne.",
  en: 'These pictures were destroyed at their term before the hold reached them.',
};

const KNOWN: ReadonlyMap<string, Text> = new Map([
  ...Object.entries(CAUSES),
  ['lost', LOST],
  ['past_term', PAST_TERM],
]);

/** The cause in words; what comes out of a package may be any word. */
export function causeText(cause: string): Text {
  const word = cause.slice(0, 60);
  return KNOWN.get(cause) ?? { fr: `Cause que cette page ne connaît pas (« ${word} ») : demandez au centre.`, en: `A cause that this page does not know (“${word}”): ask the centre.` };
}
