// What a verifier can find in a package: a closed list, the same as src/beffroi/evidence/findings.py (a test compares).

export type Kind = keyof typeof SENTENCES;

export interface Finding {
  kind: Kind;
  where: string;
  detail: string;
}

export type Verdict = 'valid' | 'altered' | 'incomplete' | 'unknown_key';

export interface Text {
  fr: string;
  en: string;
}

export const SENTENCES = {
  manifest_missing: {
    fr: "Le fichier manifest.json manque : ce dossier n'est pas une remise de Beffroi, ou il est incomplet.",
    en: 'The file manifest.json is missing: this folder is not a delivery of Beffroi, or it is incomplete.',
  },
  manifest_malformed: {
    fr: 'Le manifeste ne se lit pas ({detail}) : demandez une nouvelle remise au centre.',
    en: 'The manifest cannot be read ({detail}): ask the centre for a new delivery.',
  },
  signature_missing: {
    fr: "Le manifeste n'est pas signé : rien ne dit de qui il vient.",
    en: 'The manifest is not signed: nothing says whom it comes from.',
  },
  signature_wrong: {
    fr: "La signature ne correspond pas au manifeste : l'un des deux a été modifié.",
    en: 'The signature does not match the manifest: one of the two was changed.',
  },
  key_unknown: {
    fr: 'Signé par une autre clé que celle du centre ({detail}) : vérifiez auprès de lui, par un autre moyen.',
    en: "Signed by another key than the centre's ({detail}): check with the centre, by another way.",
  },
  file_missing: {
    fr: 'Le fichier {where} manque.',
    en: 'The file {where} is missing.',
  },
  file_altered: {
    fr: 'Le fichier {where} a été modifié depuis la remise.',
    en: 'The file {where} was changed since the delivery.',
  },
  file_stray: {
    fr: "Le fichier {where} n'appartient pas à la remise.",
    en: 'The file {where} does not belong to the delivery.',
  },
  proof_malformed: {
    fr: 'La preuve {where} ne se lit pas ({detail}).',
    en: 'The proof {where} cannot be read ({detail}).',
  },
  proof_wrong: {
    fr: "La preuve {where} ne mène pas à l'empreinte du fichier enregistré ({detail}).",
    en: 'The proof {where} does not lead to the root of the recorded file ({detail}).',
  },
  frames_altered: {
    fr: 'Les images de {where} ne sont pas celles qui ont été enregistrées (groupe {detail}).',
    en: 'The pictures of {where} are not those that were recorded (group {detail}).',
  },
  head_altered: {
    fr: "L'en-tête de {where} (durée, début, format) n'est pas celui que donnent les images.",
    en: 'The head of {where} (duration, start, format) is not the one that its pictures give.',
  },
  out_of_scope: {
    fr: '{where} contient des images hors des caméras et des minutes demandées.',
    en: '{where} holds pictures outside the cameras and minutes asked for.',
  },
  statement_wrong: {
    fr: "Ce que le manifeste dit de {where} n'est pas ce que donnent les images enregistrées ({detail}).",
    en: 'What the manifest says of {where} is not what the recorded pictures give ({detail}).',
  },
  gap_untold: {
    fr: "Il manque des images de {where} ({detail}) et aucun trou n'est déclaré.",
    en: 'Pictures of {where} are missing ({detail}) and no gap is told.',
  },
  register_wrong: {
    fr: 'La preuve du registre ne tient pas ({where} : {detail}).',
    en: 'The proof of the register does not hold ({where}: {detail}).',
  },
  register_silent: {
    fr: "Rien ne prouve quand {where} a été enregistré : le registre n'en parle pas dans cette remise.",
    en: 'Nothing proves when {where} was recorded: the register does not speak of it in this delivery.',
  },
  decision_silent: {
    fr: 'Le registre ne montre pas, dans cette remise, la décision de remettre les minutes demandées ({where}).',
    en: 'The register does not show, in this delivery, the decision to hand over the minutes asked for ({where}).',
  },
  timestamp_malformed: {
    fr: "L'horodatage (manifest.tsr) ne se lit pas ({detail}).",
    en: 'The time stamp (manifest.tsr) cannot be read ({detail}).',
  },
  timestamp_refused: {
    fr: "L'horodatage ne tient pas : il a été modifié, ou son certificat ne permet pas d'horodater ({detail}).",
    en: 'The time stamp does not hold: it was changed, or its certificate is not one for time stamps ({detail}).',
  },
  timestamp_wrong: {
    fr: "L'horodatage couvre autre chose que ce manifeste.",
    en: 'The time stamp covers something else than this manifest.',
  },
  timestamp_untrusted: {
    fr: "L'horodatage ne vient pas de l'autorité dont vous avez donné le certificat ({detail}).",
    en: 'The time stamp is not from the authority whose certificate you gave ({detail}).',
  },
  timestamp_missing: {
    fr: "Vous avez donné le certificat d'une autorité d'horodatage, et la remise n'a pas d'horodatage.",
    en: 'You gave the certificate of a time-stamp authority, and the delivery has no time stamp.',
  },
  witness_wrong: {
    fr: 'La contresignature du témoin {where} ne correspond pas au registre de cette remise.',
    en: 'The countersignature of the witness {where} does not match the register of this delivery.',
  },
  witness_missing: {
    fr: "Les témoins que demande le fichier de quorum n'ont pas contresigné ({detail}).",
    en: 'The witnesses that the quorum file asks for did not countersign ({detail}).',
  },
} satisfies Record<string, Text>;

const NOT_PROVEN: readonly Kind[] = [
  'register_silent', 'decision_silent', 'timestamp_untrusted', 'timestamp_missing', 'witness_missing',
];

/** Altered wins over an unknown key, which wins over incomplete. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const kinds = new Set(findings.map((one) => one.kind));
  const unknown = kinds.delete('key_unknown');
  const silent = NOT_PROVEN.filter((kind) => kinds.delete(kind)).length > 0;
  if (kinds.size > 0) return 'altered';
  if (unknown) return 'unknown_key';
  return silent ? 'incomplete' : 'valid';
}

export function sentence(found: Finding): Text {
  const { fr, en } = SENTENCES[found.kind];
  const filled = (text: string): string => text.replaceAll('{where}', () => found.where).replaceAll('{detail}', () => found.detail);
  return { fr: filled(fr), en: filled(en) };
}
