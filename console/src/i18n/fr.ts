/** French: the reference dictionary, a file for each subject. Every other language has the same keys, by type. */
import { app, errors, unread, nav, bar } from './fr/app';
import { login, invitation, duty } from './fr/door';
import { wall, tile } from './fr/wall';
import { refusal } from './fr/law';
import { replay } from './fr/replay';
import { preserve } from './fr/preserve';
import { acts, health, register, accounts } from './fr/lists';
import { balance } from './fr/balance';
import { inspection, registers, seen } from './fr/registers';
import { documents } from './fr/documents';
import { cameras } from './fr/cameras';
import { people, posts, room } from './fr/room';
import { roster, tonight } from './fr/night';
import { desk } from './fr/desk';
import { onsite } from './fr/onsite';
import { subject } from './fr/subject';
import { help } from './fr/help';

export const fr = { app, errors, unread, nav, bar, login, invitation, duty, wall, tile, refusal, replay, preserve, acts, health, register, registers, seen, inspection, balance, accounts, documents, cameras, room, people, posts, tonight, roster, desk, onsite, subject, help };
