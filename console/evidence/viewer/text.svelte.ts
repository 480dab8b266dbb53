// What the page says, in both languages.

import type { Text } from '../verify/findings';

export type Language = 'fr' | 'en';

class Words {
  language = $state<Language>('fr');

  set(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
  }

  /** French punctuation may not begin a line. */
  pick(text: Text): string {
    return this.language === 'fr' ? text.fr.replaceAll(/ (?=[:;?!»])/g, '\u00a0').replaceAll('« ', '«\u00a0') : text.en;
  }
}

export const words = new Words();

const both = (fr: string, en: string): Text => ({ fr, en });

export const T = {
  title: both('Remise d’images', 'Delivery of pictures'),
  choose: both('Choisir le dossier de la remise…', 'Choose the folder of the delivery…'),
  chooseZip: both('Choisir un fichier zip…', 'Choose a zip file…'),
  chooseHelp: both(
    'Choisissez le dossier où se trouve cette page (il contient manifest.json), ou déposez-le ici. Rien n’est envoyé : cette page n’a pas de réseau, tout se passe sur cet ordinateur.',
    'Choose the folder where this page is (it holds manifest.json), or drop it here. Nothing is sent: this page has no network, all happens on this computer.',
  ),
  dropFailed: both(
    'Ce navigateur ne lit pas un dossier déposé ici : employez le bouton « Choisir le dossier ».',
    'This browser cannot read a folder dropped here: use the button “Choose the folder”.',
  ),
  nested: both(
    'Rien n’a été vérifié : des fichiers se trouvent autour de la remise, qui n’en font pas partie et que rien ne prouve. Choisissez le dossier même où se trouve manifest.json, et ne vous fiez qu’à ce qu’il contient.',
    'Nothing was verified: there are files around the delivery, which are no part of it and which nothing proves. Choose the very folder where manifest.json is, and rely on nothing but what it holds.',
  ),
  several: both(
    'Rien n’a été vérifié : déposez une seule chose, le dossier de la remise ou son fichier zip.',
    'Nothing was verified: drop one thing only, the folder of the delivery or its zip file.',
  ),
  zipFailed: both(
    'Ce fichier zip ne se lit pas directement : décompressez-le, puis choisissez le dossier obtenu.',
    'This zip file cannot be read directly: unpack it, then choose the folder that comes out.',
  ),
  notVerified: both('Pas encore vérifié.', 'Not verified yet.'),
  verifying: both('Vérification en cours… pas encore vérifié.', 'Verifying… not verified yet.'),
  failed: both(
    'La vérification s’est interrompue : rien n’est prouvé. Rechargez la page et recommencez ; sinon, demandez une nouvelle remise.',
    'The verification broke off: nothing is proven. Reload the page and try again; else ask for a new delivery.',
  ),
  valid: both(
    'VALIDE : ces images sont celles qui ont été enregistrées, et rien n’a changé depuis la remise.',
    'VALID: these pictures are those that were recorded, and nothing has changed since the delivery.',
  ),
  coherent: both('COHÉRENTE, CLÉS NON VÉRIFIÉES', 'CONSISTENT, KEYS NOT VERIFIED'),
  coherentMeans: both(
    'Rien ne se contredit dans cette remise, mais les clés qui le disent ont été lues dans la remise elle-même : qui l’aurait forgée en entier y aurait mis les siennes. À faire : collez la clé du centre (« Clés et nouvelle vérification »), ou comparez les empreintes avec celles qu’il vous donne par un autre moyen.',
    'Nothing in this delivery contradicts the rest, but the keys that say so were read in the delivery itself: whoever forged all of it would have put their own. To do: paste the centre’s key (“Keys, and verifying again”), or compare the prints with those that it gives you by another way.',
  ),
  altered: both('ALTÉRÉ : ne vous fiez pas à cette remise.', 'ALTERED: do not rely on this delivery.'),
  incomplete: both(
    'INCOMPLET : rien n’est altéré, mais tout n’est pas prouvé.',
    'INCOMPLETE: nothing is altered, but not everything is proven.',
  ),
  unknown_key: both(
    'CLÉ INCONNUE : vérifiez auprès du centre, par un autre moyen, qu’il a bien signé cette remise.',
    'UNKNOWN KEY: check with the centre, by another way, that it signed this delivery.',
  ),
  noKeys: both(
    'Les clés manquent (verify/keys.txt) : collez ci-dessous celles que le centre vous a données, puis vérifiez.',
    'The keys are missing (verify/keys.txt): paste below those that the centre gave you, then verify.',
  ),
  badKey: both(
    'Cette clé ne se lit pas : recopiez en entier la ligne que donne le centre.',
    'This key cannot be read: copy the whole line that the centre gives.',
  ),
  found: both('Ce qui a été trouvé', 'What was found'),
  more: both('… et d’autres : {n} en tout.', '… and more: {n} in all.'),
  checked: both('{files} fichiers et {frames} images vérifiées.', '{files} files and {frames} pictures verified.'),
  notProven: both('Ce qui n’est pas prouvé', 'What is not proven'),
  weakKeys: both(
    'Les clés ont été lues dans la remise elle-même : comparez leurs empreintes avec celles que le centre vous donne par un autre moyen, ou collez les siennes.',
    'The keys were read in the delivery itself: compare their prints with those that the centre gives you by another way, or paste its own.',
  ),
  weakPage: both(
    'Cette page fait partie de la remise. Qui aurait modifié la remise aurait pu modifier la page : pour lever le doute, ouvrez la remise avec la page d’une autre source (le centre), ou avec « beffroi evidence verify ».',
    'This page is part of the delivery. Who changed the delivery could have changed the page: to settle the doubt, open the delivery with a page from elsewhere (the centre), or with “beffroi evidence verify”.',
  ),
  fromRecorder: both(
    'La preuve commence à l’enregistreur : elle ne dit rien de ce que la caméra a réellement vu, ni de l’exactitude de l’horloge du centre.',
    'The proof begins at the recorder: it says nothing of what the camera truly saw, nor of whether the centre’s clock was right.',
  ),
  centresWord: both(
    'Les noms et les lieux des caméras, le numéro de l’affaire, le service demandeur et les causes des trous sont la parole du centre : sa signature dit qu’il l’a écrit, non que c’est exact.',
    'The names and places of the cameras, the number of the case, the service that asked and the causes of gaps are the centre’s word: its signature says that it wrote them, not that they are right.',
  ),
  keys: both('Clés et nouvelle vérification', 'Keys, and verifying again'),
  evidenceKey: both('Clé de remise du centre', 'The centre’s evidence key'),
  registerKey: both('Clé du registre', 'The register’s key'),
  print: both('Empreinte :', 'Print:'),
  again: both('Vérifier avec ces clés', 'Verify with these keys'),
  asked: both('Demandé', 'Asked for'),
  facts: both('Ce qui a été remis', 'What was handed over'),
  case: both('Affaire', 'Case'),
  service: both('Service', 'Service'),
  authority: both('Autorité', 'Authority'),
  madeBy: both('Remis par, avec l’accord de', 'Made by, agreed by'),
  madeAt: both('Préparé le', 'Made on'),
  camera: both('Caméra', 'Camera'),
  from: both('De', 'From'),
  to: both('À', 'To'),
  cause: both('Cause', 'Cause'),
  gaps: both('Trous déclarés', 'Gaps told'),
  noGaps: both('Aucun trou n’est déclaré, hors raccords d’horloge de moins de 0,3 s.', 'No gap is told, but for seams of the clock shorter than 0.3 s.'),
  seams: both(
    'Raccords de moins de 0,3 s entre deux groupes d’images (horloge remise à l’heure, ou cause inconnue) : {n}, {ms} ms en tout.',
    'Seams shorter than 0.3 s between two groups of pictures (clock set anew, or cause unknown): {n}, {ms} ms in all.',
  ),
  offset: both('Écart de l’horloge de la caméra', 'Offset of the camera’s clock'),
  unknownOffset: both('non communiqué', 'not told'),
  cameras: both('Caméras affichées', 'Cameras on the screen'),
  legal: both('Heure légale', 'Legal time'),
  back: both('Lire en arrière', 'Play backward'),
  play: both('Lire en avant', 'Play forward'),
  freeze: both('Figer', 'Freeze'),
  previous: both('Image précédente', 'Previous picture'),
  next: both('Image suivante', 'Next picture'),
  speed: both('Vitesse', 'Speed'),
  goTo: both('Aller à l’heure', 'Go to the time'),
  goHelp: both('14:03:05.250, avec la date si besoin (2026-02-02 14:03), suivi de Z pour l’heure UTC', '14:03:05.250, with its date if need be (2026-02-02 14:03), followed by Z for UTC'),
  go: both('Aller', 'Go'),
  badTime: both('Cette heure ne se lit pas : écrivez par exemple 14:03:05.250.', 'This time cannot be read: write for instance 14:03:05.250.'),
  outside: both('Cette heure est hors de la remise : la plus proche est affichée.', 'This time is outside of the delivery: the nearest is shown.'),
  position: both('Position dans la remise', 'Position in the delivery'),
  noPicture: both('Pas d’image', 'No picture'),
  notAsked: both('Rien n’a été demandé ici.', 'Nothing was asked for here.'),
  untold: both('Aucune cause n’est déclarée.', 'No cause is told.'),
  waiting: both('Décodage…', 'Decoding…'),
  codec: both(
    'Ce navigateur ne décode pas {codec}. Ouvrez {file} avec un lecteur vidéo (VLC, mpv), ou cette page avec un navigateur qui le décode (Edge ou Safari récent). La vérification, elle, est complète.',
    'This browser does not decode {codec}. Open {file} with a video player (VLC, mpv), or this page in a browser that does (a recent Edge or Safari). The verification is complete all the same.',
  ),
  no_decoder: both(
    'Ce navigateur est trop ancien pour lire image par image : ouvrez {file} avec un lecteur vidéo, ou cette page avec un navigateur à jour. La vérification, elle, est complète.',
    'This browser is too old to play picture by picture: open {file} with a video player, or this page in an up-to-date browser. The verification is complete all the same.',
  ),
  broken: both('Ces images ne se décodent pas ({file}).', 'These pictures cannot be decoded ({file}).'),
  unread: both('Ce fichier ne se lit pas : {file}', 'This file cannot be read: {file}'),
  still: both('Enregistrer l’image (PNG)', 'Save the still (PNG)'),
  markIn: both('Début de la séquence ici', 'Sequence begins here'),
  markOut: both('Fin de la séquence ici', 'Sequence ends here'),
  sequence: both('Enregistrer la séquence (MP4)', 'Save the sequence (MP4)'),
  sequenceHelp: both(
    'Les images sont copiées telles qu’elles ont été enregistrées, sans nouvel encodage ; la séquence commence et finit donc sur un groupe d’images entier. Elle sort de la preuve : seul le dossier complet se vérifie.',
    'The pictures are copied as they were recorded, without encoding anew; so the sequence begins and ends on a whole group of pictures. It leaves the proof: only the whole folder can be verified.',
  ),
  saved: both('Enregistré : {name}', 'Saved: {name}'),
  noSequence: both('Aucune image de cette caméra dans la séquence choisie.', 'No picture of this camera in the chosen sequence.'),
  notShown: both('Pas d’image à enregistrer : attendez qu’elle soit affichée.', 'No picture to save: wait until it is shown.'),
  letters: both('Raccourcis d’une lettre', 'One-letter shortcuts'),
  lettersHelp: both(
    'Espace : lire ou figer. Flèches gauche et droite : image précédente, suivante. Majuscule + flèches : 10 s. J : arrière. K : figer. L : avant. + et − : vitesse. 1 à 9 : caméra. P : image PNG. D, F : début, fin de séquence.',
    'Space: play or freeze. Left and right arrows: previous, next picture. Shift + arrows: 10 s. J: backward. K: freeze. L: forward. + and −: speed. 1 to 9: camera. P: still. D, F: begin, end of the sequence.',
  ),
  mode: both('Image affichée : celle de la caméra choisie sert de repère au pas à pas.', 'The chosen camera leads the picture-by-picture steps.'),
} satisfies Record<string, Text>;

/** A sentence in the language of the page, its {marks} filled. */
export function say(text: Text, marks: Record<string, string | number> = {}): string {
  let out = words.pick(text);
  for (const [name, value] of Object.entries(marks)) out = out.replaceAll(`{${name}}`, () => String(value));
  return out;
}
