/** Calls of a viewing on site. Instants are microseconds UTC. */
import { call, get, part, post } from './api';
import { toIso } from './time';

export interface OnsitePaper {
  document: string;
  number: string;
  service: string;
  opj: string;
  from_us: number;
  to_us: number;
  cameras: { id: string; name: string; commune: string }[];
}

export interface OnsiteMark {
  id: string;
  camera: string;
  from_us: number;
  to_us: number;
}

export type OnsiteOutcome = 'extract' | 'nothing' | 'interrupted';
export type OnsiteCause = 'left' | 'called' | 'fault';
export const CAUSES: readonly OnsiteCause[] = ['left', 'called', 'fault'];

export interface OnsiteSession {
  id: string;
  /** Held at this very screen. */
  mine: boolean;
  investigator: string;
  service: string;
  number: string;
  reason: string;
  asked_us: number;
  opened_us: number | null;
  ended_us: number | null;
  outcome: OnsiteOutcome | '';
  cause: string;
  package: string;
  left_s: number | null;
  idle_left_s: number | null;
  seconds: number;
  views: { camera: string; from_us: number; to_us: number; opened_us: number }[];
  marks: OnsiteMark[];
}

export interface OnsiteState {
  papers: OnsitePaper[];
  sessions: OnsiteSession[];
  /** An investigator is declared before this screen. */
  guest: boolean;
  now_us: number;
}

export interface OnsiteWords {
  reason: string;
  investigator: string;
  service: string;
  number: string;
  card: boolean;
}

const at = (id: string, rest = ''): string => `/api/desk/cases/${part(id)}/onsite${rest}`;
const on = (id: string, session: string, rest: string): string => at(id, `/${part(session)}/${rest}`);

export const onsite = {
  state: (id: string) => get<OnsiteState>(at(id)),
  ask: (id: string, words: OnsiteWords) => post<OnsiteSession>(at(id), words),
  confirm: (id: string, session: string, investigator: string) => post<OnsiteSession>(on(id, session, 'confirm'), { investigator }),
  mark: (id: string, session: string, camera: string, fromUs: number, toUs: number) =>
    post<OnsiteSession>(on(id, session, 'marks'), { camera, from: toIso(fromUs), to: toIso(toUs) }),
  unmark: (id: string, session: string, mark: string) => call<OnsiteSession>('DELETE', on(id, session, `marks/${part(mark)}`)),
  end: (id: string, session: string, end: { outcome: OnsiteOutcome; cause?: OnsiteCause; second?: string }) =>
    post<OnsiteSession>(on(id, session, 'end'), end),
  left: (id: string, session: string) => post<OnsiteState>(on(id, session, 'left')),
  views: (id: string, session: string) => on(id, session, 'views'),
  slip: (id: string, session: string) => on(id, session, 'recepisse.pdf'),
};

/** The joint session under way at this screen; another one, elsewhere; else the last one of this screen, when the
 * investigator is still declared before it. */
export function underWay(state: OnsiteState): { here: OnsiteSession | null; elsewhere: boolean; lingering: OnsiteSession | null } {
  const open = state.sessions.filter((one) => one.ended_us === null);
  const here = open.find((one) => one.mine) ?? null;
  const past = state.sessions.filter((one) => one.mine && one.ended_us !== null);
  return { here, elsewhere: here === null && open.length > 0, lingering: here === null && state.guest ? (past.at(-1) ?? null) : null };
}

/** The cameras that a joint session may open, each with the minutes of each requisition of its service. */
export function openings(state: OnsiteState, session: OnsiteSession): { camera: string; name: string; commune: string; fromUs: number; toUs: number }[] {
  const same = (one: string): string => one.trim().split(/\s+/).join(' ').toLowerCase();
  return state.papers
    .filter((paper) => same(paper.service) === same(session.service))
    .flatMap((paper) =>
      paper.cameras.map((one) => ({ camera: one.id, name: one.name, commune: one.commune, fromUs: paper.from_us, toUs: Math.min(paper.to_us, state.now_us) })),
    )
    .filter((one) => one.fromUs < one.toUs);
}

/** “1 h 05” or “4:30”: what is left, in words that fit a corner. */
export function leftWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')}`;
  return `${minutes}:${String(whole % 60).padStart(2, '0')}`;
}
