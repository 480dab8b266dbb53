// Why a camera has no picture for a while, in words (src/beffroi/domain/gaps.py; a test compares).

import type { Text } from '../verify/findings';

export const CAUSES: Record<string, Text> = {
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
};
