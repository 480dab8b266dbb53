import type * as french from '../fr/door';

export const login: typeof french.login = {
  title: 'Log in',
  account: 'Account',
  password: 'Password',
  code: '6-digit code',
  codeHelp: 'Shown by your authenticator application.',
  submit: 'Log in',
  busy: 'Checking…',
  missing: 'Fill in the account, the password and the code.',
  notice: 'For authorised persons only. Every view of an image is written to the register.',
};

export const invitation: typeof french.invitation = {
  title: 'Opening your account',
  choose: 'Choose a password',
  password: 'Password',
  again: 'The same, once more',
  rule: 'At least 12 characters. A phrase of a few words will do.',
  tooShort: 'The password must have at least 12 characters.',
  differ: 'The two entries differ.',
  next: 'Continue',
  factor: 'Add the second factor',
  scan: 'Scan this code with an authenticator application, or type the key by hand.',
  qr: 'QR code of the authentication key; the same key is written below',
  secret: 'Key to type by hand',
  code: '6-digit code shown by the application',
  confirm: 'Confirm and open the account',
  done: 'Your account is open. You can log in.',
  toLogin: 'Log in',
  noToken: 'This invitation link is incomplete. Ask the person who invited you for a new one.',
};

export const duty: typeof french.duty = {
  title: 'Going on duty',
  lead: 'For what reason are you watching? It is written to the register with every image opened.',
  changeLead: 'The new reason holds for views opened from now on. Views already open stay open.',
  purpose: (purpose) => `purpose ${purpose}`,
  key: (key) => `key ${key}`,
  none: 'No reason is open to you: a designation is missing. Ask the room supervisor.',
  noAuthority: 'No authority is open to you for this reason.',
};
