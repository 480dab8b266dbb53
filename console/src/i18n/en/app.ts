import type * as french from '../fr/app';

export const app: typeof french.app = {
  name: 'Beffroi',
  tagline: 'Supervision centre',
  skip: 'Skip to content',
  loading: 'Loading…',
  retry: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  save: 'Save',
  day: 'd',
  none: 'None',
  yes: 'yes',
  no: 'no',
  required: 'required',
  more: 'Show more',
  copied: 'Copied',
  copy: 'Copy',
  updatedAt: (time) => `as of ${time}`,
};

export const errors: typeof french.errors = {
  network: 'The centre does not answer. Check the network; the console keeps trying.',
  centre: 'The centre met an error. Try again; if it lasts, tell the technician.',
  loggedOut: 'Your session has ended. Log in again.',
  refused: 'This act is refused to you.',
  notFound: 'Nothing to show under this name.',
  badInput: 'The request is incomplete or malformed. Check the fields.',
  wait: 'Too many attempts. Wait a minute before trying again.',
  unsupported: 'This browser cannot play this camera’s format (H.265). Use a browser that decodes it, or ask for an H.264 sub-stream.',
  player: 'Playing stopped in this browser. Open the view again.',
  protocol: 'The centre sent an unreadable message; the view was closed.',
};

export const nav: typeof french.nav = {
  label: 'Rooms',
  wall: 'Wall',
  replay: 'Replay',
  acts: 'My acts',
  health: 'Technical',
  documents: 'Documents',
  register: 'Register',
  accounts: 'Accounts',
  cameras: 'Cameras',
};

export const bar: typeof french.bar = {
  duty: 'On duty',
  noDuty: 'Off duty',
  underMayor: (commune) => `under the authority of the mayor of ${commune}`,
  underMayors: (communes) => `under the authority of the mayors of ${communes}`,
  under: (authorities) => `under the authority of: ${authorities}`,
  change: 'Change reason',
  start: 'Go on duty',
  end: 'Go off duty',
  down: (n) => (n > 1 ? `${n} cameras down` : '1 camera down'),
  allWell: 'All cameras are recording',
  healthUnknown: 'Technical state unknown',
  language: 'Français',
  languageTitle: 'Switch to French',
  light: 'Light theme',
  dark: 'Dark theme',
  help: 'Keyboard shortcuts',
  logout: 'Log out',
  clock: 'Legal time',
  offline: 'Centre unreachable',
};
