// What a verification says besides its findings, in the words of src/beffroi/evidence/told.py (a test compares).

import type { Text } from './findings';

export type ToldKind = keyof typeof TOLD;

/** `detail`: a time (UTC), or N/M and the names. */
export interface Told {
  kind: ToldKind;
  detail: string;
}

export const TOLD = {
  no_timestamp: {
    fr: "Aucun tiers n'a horodaté la remise : sa date est celle que donne le centre.",
    en: 'No third party time-stamped the delivery: its date is the one that the centre gives.',
  },
  timestamp_claimed: {
    fr: "Un horodatage couvre cette remise et dit : {detail} (UTC). Non vérifié ici : de quelle autorité il vient. Pour le savoir : beffroi evidence verify --tsa-ca, avec le certificat qu'elle publie.",
    en: 'A time stamp covers this delivery and says: {detail} (UTC). Not verified here: which authority it comes from. To know: beffroi evidence verify --tsa-ca, with the certificate that it publishes.',
  },
  timestamp_verified: {
    fr: 'La remise existait le {detail} (UTC) : horodatage vérifié avec le certificat donné.',
    en: 'The delivery existed on {detail} (UTC): time stamp verified with the certificate given.',
  },
  no_witness: {
    fr: "Aucun témoin extérieur n'a contresigné le registre dans cette remise.",
    en: 'No outside witness countersigned the register in this delivery.',
  },
  witnessed: {
    fr: "Le registre est contresigné par des témoins extérieurs : {detail}. C'est la remise qui les nomme : pour en être sûr, demandez-leur leur clé.",
    en: 'The register is countersigned by outside witnesses: {detail}. It is the delivery that names them: to be sure, ask them for their key.',
  },
  quorum_met: {
    fr: 'Le registre est contresigné par les témoins du fichier de quorum donné : {detail}.',
    en: 'The register is countersigned by the witnesses of the quorum file given: {detail}.',
  },
} satisfies Record<string, Text>;

export function toldSentence({ kind, detail }: Told): Text {
  const { fr, en } = TOLD[kind];
  return { fr: fr.replaceAll('{detail}', () => detail), en: en.replaceAll('{detail}', () => detail) };
}
