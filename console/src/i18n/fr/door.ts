export const login = {
  title: 'Connexion',
  account: 'Identifiant',
  password: 'Mot de passe',
  code: 'Code à 6 chiffres',
  codeHelp: 'Affiché par votre application d’authentification.',
  submit: 'Se connecter',
  busy: 'Vérification…',
  missing: 'Renseignez l’identifiant, le mot de passe et le code.',
  notice: 'Accès réservé aux personnes habilitées. Chaque consultation d’image est inscrite au registre.',
};

export const invitation = {
  title: 'Ouverture de votre compte',
  choose: 'Choisissez un mot de passe',
  password: 'Mot de passe',
  again: 'Le même, une seconde fois',
  rule: '12 caractères au moins. Une phrase de quelques mots convient.',
  tooShort: 'Le mot de passe doit compter au moins 12 caractères.',
  differ: 'Les deux saisies diffèrent.',
  next: 'Continuer',
  factor: 'Ajoutez le second facteur',
  scan: 'Scannez ce code avec une application d’authentification, ou saisissez la clé à la main.',
  qr: 'Code QR de la clé d’authentification ; la même clé est écrite dessous',
  secret: 'Clé à saisir à la main',
  code: 'Code à 6 chiffres affiché par l’application',
  confirm: 'Confirmer et ouvrir le compte',
  done: 'Votre compte est ouvert. Vous pouvez vous connecter.',
  toLogin: 'Se connecter',
  noToken: 'Ce lien d’invitation est incomplet. Demandez-en un nouveau à la personne qui vous a invité.',
};

export const duty = {
  title: 'Prise de service',
  lead: 'Pour quel motif regardez-vous ? Il est inscrit au registre avec chaque image ouverte.',
  changeLead: 'Le nouveau motif vaut pour les vues ouvertes à partir de maintenant. Les vues déjà ouvertes le restent.',
  purpose: (purpose: string) => `finalité ${purpose}`,
  key: (key: string) => `touche ${key}`,
  none: 'Aucun motif ne vous est ouvert : il manque une habilitation. Adressez-vous au chef de salle.',
  noAuthority: 'Aucune autorité ne vous est ouverte pour ce motif.',
};
