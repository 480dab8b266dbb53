/** English: same keys as French, by type. */
import { app, errors, unread, nav, bar } from './en/app';
import { login, invitation, duty } from './en/door';
import { wall, tile } from './en/wall';
import { refusal } from './en/law';
import { replay } from './en/replay';
import { preserve } from './en/preserve';
import { acts, health, register, accounts } from './en/lists';
import { balance } from './en/balance';
import { inspection, registers, seen } from './en/registers';
import { documents } from './en/documents';
import { cameras } from './en/cameras';
import { people, posts, room } from './en/room';
import { roster, tonight } from './en/night';
import { desk } from './en/desk';
import { onsite } from './en/onsite';
import { subject } from './en/subject';
import { help } from './en/help';
import type { fr } from './fr';

export const en: typeof fr = { app, errors, unread, nav, bar, login, invitation, duty, wall, tile, refusal, replay, preserve, acts, health, register, registers, seen, inspection, balance, accounts, documents, cameras, room, people, posts, tonight, roster, desk, onsite, subject, help };
