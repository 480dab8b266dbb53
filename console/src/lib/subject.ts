/** Filmed persons' requests: calls, and the boxes drawn on pictures. Instants are microseconds UTC. */
import { ApiError, get, part, post } from './api';
import { both } from '../i18n/both';

export type Wish = 'viewing' | 'copy' | 'objection' | 'rectification' | 'erasure';
export const WISHES: readonly Wish[] = ['viewing', 'copy', 'objection', 'rectification', 'erasure'];
export type Channel = 'paper' | 'phone' | 'desk';
export const CHANNELS: readonly Channel[] = ['paper', 'phone', 'desk'];
export type Identity = 'card_seen' | 'video_call' | 'mandate_seen' | 'known_service';
export const IDENTITIES: readonly Identity[] = ['card_seen', 'video_call', 'mandate_seen', 'known_service'];
export type Outcome = 'viewing' | 'copy' | 'refused' | 'no_image' | 'routed';
export const GROUNDS = ['state_security', 'defence', 'public_security', 'court', 'third_parties'] as const;
export const MISSING = ['destroyed', 'no_camera', 'not_found', 'identity'] as const;

/** [instant, left, top, right, bottom], in ten-thousandths of the picture. */
export type Row = [number, number, number, number, number];
export type Box = [number, number, number, number];
export interface Masking {
  mode: 'keep' | 'hide';
  regions: Row[][];
}

export interface SubjectCopy {
  id: string;
  camera: string;
  from_us: number;
  to_us: number;
  agreed_us: number | null;
  masking: Masking;
  built_us: number | null;
  pictures: number;
  checked_us: number | null;
  handed_us: number | null;
  destroyed_us: number | null;
  mine: boolean;
  asked_me: boolean;
  /** My agreement, or my look at the result, is waited for. */
  awaits_you: boolean;
}

export interface SubjectRequest {
  id: string;
  commune: string;
  commune_name: string;
  commune_said: string;
  channel: string;
  wish: Wish;
  received_on: string;
  received_us: number;
  place: string;
  day: string;
  hours: string;
  recognise: string;
  contact: string;
  identity: Identity | '';
  identity_on: string;
  registered_us: number | null;
  decided_us: number | null;
  outcome: Outcome | '';
  ground: string;
  reason: string;
  answered_us: number | null;
  closed_us: number | null;
  /** "lapsed": nobody answered, and three months went by. */
  closed_why: string;
  due: { at_us: number; late: boolean; soon: boolean; left_s: number | null; by_term: boolean };
  holds: { camera: string; name: string; from_us: number; to_us: number; complete: boolean; lacking: number; dies_us: number; ended_us: number | null }[];
  proposed: boolean;
  viewings: { id: string; begun_us: number; ended_us: number | null; note: string; mine: boolean }[];
  copies: SubjectCopy[];
  may: { decide: boolean };
}

export interface Entered {
  wish: Wish;
  channel: Channel;
  received_on: string;
  commune: string;
  place: string;
  day: string;
  hours: string;
  recognise: string;
  contact: string;
}

export interface Decided {
  outcome: Outcome;
  ground: string | null;
  missing: string | null;
  reason: string;
  nobody_else: boolean;
}

/** Pictures that are open; the centre closes them when none was asked for so long. */
export interface Span {
  from_us: number;
  to_us: number;
  idle_s: number;
}

/** A centre that answers no sooner does not say that a picture may still be shown. */
const ANSWER_MS = 4_000;

const ALL = '/api/subject/requests';
const at = (id: string, rest = ''): string => `${ALL}/${part(id)}${rest}`;
const on = (id: string, copy: string, rest: string): string => at(id, `/copies/${part(copy)}/${rest}`);

async function fetched(path: string, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...(signal ? { signal } : {}) });
  } catch {
    throw new ApiError(0, 'network', both((t) => t.errors.network));
  }
  if (!answer.ok) {
    const told = (await answer.json().catch(() => null)) as { error?: { code?: string; text?: { fr: string; en: string } } } | null;
    throw new ApiError(answer.status, told?.error?.code ?? 'error', told?.error?.text ?? both((t) => t.errors.centre), null, told);
  }
  return answer;
}

export const subject = {
  list: () => get<SubjectRequest[]>(ALL),
  one: (id: string) => get<SubjectRequest>(at(id)),
  communes: () => get<{ id: string; name: string }[]>('/api/subject/communes'),
  enter: (asked: Entered) => post<{ request: SubjectRequest; code: string }>(ALL, asked),
  cameras: (id: string) => get<{ id: string; name: string }[]>(at(id, '/cameras')),
  seconds: (id: string) => get<{ person: string; label: { fr: string; en: string } }[]>(at(id, '/seconds')),
  route: (id: string, commune: string) => post<SubjectRequest>(at(id, '/commune'), { commune }),
  register: (id: string, line: { camera: string; from: string; to: string }) => post<SubjectRequest>(at(id, '/register'), { cameras: [line] }),
  identify: (id: string, how: Identity, day: string) => post<SubjectRequest>(at(id, '/identity'), { how, on: day }),
  propose: (id: string) => post<SubjectRequest>(at(id, '/propose')),
  decide: (id: string, decision: Decided) => post<SubjectRequest>(at(id, '/decide'), decision),
  answered: (id: string) => post<SubjectRequest>(at(id, '/answered')),
  letter: (id: string) => at(id, '/lettre.pdf'),
  begin: (id: string) => post<SubjectRequest>(at(id, '/viewings')),
  end: (id: string, viewing: string, note: string) => post<SubjectRequest>(at(id, `/viewings/${part(viewing)}/end`), { note }),
  prepare: (id: string, line: { camera: string; from: string; to: string; second: string }) => post<SubjectRequest>(at(id, '/copies'), line),
  step: (id: string, copy: string, step: 'agree' | 'check' | 'handed' | 'build' | 'close') => post<SubjectRequest>(on(id, copy, step)),
  open: (id: string, copy: string, reason: string) => post<Span>(on(id, copy, 'open'), { reason }),
  boxes: (id: string, copy: string, masking: Masking) => post<SubjectRequest>(on(id, copy, 'boxes'), masking),
  zip: (id: string, copy: string) => on(id, copy, 'copie.zip'),
  film: (id: string, copy: string) => on(id, copy, 'film.mp4'),
  /** Whether open pictures may still be shown, an error otherwise. To ask does not keep them open. */
  still: async (id: string, copy: string): Promise<void> => void (await fetched(on(id, copy, 'open'), AbortSignal.timeout(ANSWER_MS))),
  picture: async (id: string, copy: string, atUs: number, masked: boolean): Promise<{ url: string; atUs: number }> => {
    const answer = await fetched(on(id, copy, `picture?at_us=${Math.round(atUs)}&masked=${masked}`));
    return { url: URL.createObjectURL(await answer.blob()), atUs: Number(answer.headers.get('X-Beffroi-At')) };
  },
};

/** Whether a copy of this request waits for the word of who reads this. */
export const awaitsMe = (one: SubjectRequest): boolean => one.closed_us === null && one.copies.some((copy) => copy.awaits_you);

/** What waits for me, then what is to be decided; the decided and the closed last. */
export function inOrder(requests: readonly SubjectRequest[]): SubjectRequest[] {
  const rank = (one: SubjectRequest): number => (awaitsMe(one) ? 0 : one.decided_us === null && one.closed_us === null ? 1 : 2);
  return requests.toSorted((a, b) => rank(a) - rank(b) || a.due.at_us - b.due.at_us);
}

export const FULL = 10_000;

/** Where a box is at an instant: straight from key to key, nowhere before the first nor after the last. */
export function boxAt(rows: readonly Row[], atUs: number): Box | null {
  const after = rows.findIndex((row) => row[0] > atUs);
  const before = rows[(after < 0 ? rows.length : after) - 1];
  if (!before) return null;
  if (before[0] === atUs) return [before[1], before[2], before[3], before[4]];
  const next = after < 0 ? undefined : rows[after];
  if (!next) return null;
  const share = (atUs - before[0]) / (next[0] - before[0]);
  const between = (a: number, b: number): number => Math.round(a + (b - a) * share);
  return [between(before[1], next[1]), between(before[2], next[2]), between(before[3], next[3]), between(before[4], next[4])];
}

/** The keys with a box put at an instant, in place of the one that was there. */
export function withKey(rows: readonly Row[], atUs: number, box: Box): Row[] {
  const row: Row = [Math.round(atUs), ...sound(box)];
  return [...rows.filter((one) => one[0] !== row[0]), row].sort((a, b) => a[0] - b[0]);
}

/** A box of whole numbers inside of the picture, the right way round, never empty. */
export function sound([a, b, c, d]: Box): Box {
  const inside = (n: number): number => Math.min(FULL, Math.max(0, Math.round(n)));
  const [left, right] = [Math.min(inside(a), inside(c)), Math.max(inside(a), inside(c))];
  const [top, bottom] = [Math.min(inside(b), inside(d)), Math.max(inside(b), inside(d))];
  return [Math.min(left, FULL - 50), Math.min(top, FULL - 50), Math.max(right, Math.min(left, FULL - 50) + 50), Math.max(bottom, Math.min(top, FULL - 50) + 50)];
}

/** A box moved, or its far corner moved, by so many ten-thousandths. */
export function nudged([left, top, right, bottom]: Box, dx: number, dy: number, resize: boolean): Box {
  if (resize) return sound([left, top, Math.max(left + 50, right + dx), Math.max(top + 50, bottom + dy)]);
  const x = Math.min(FULL - right, Math.max(-left, dx));
  const y = Math.min(FULL - bottom, Math.max(-top, dy));
  return sound([left + x, top + y, right + x, bottom + y]);
}

/** A left time in words: days and hours, then hours and minutes. */
export function leftWords(seconds: number, dayWord: string): string {
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  return d > 0 ? `${d} ${dayWord} ${h} h` : `${h} h ${String(m).padStart(2, '0')}`;
}
