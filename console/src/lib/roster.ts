/** The roster: what the centre sends, and the times that a person types (pure). */
import { ApiError, get, part, post } from './api';
import type { Card } from './lawtypes';
import { civil, fromCivil, isoDay, parseInstant, toIso } from './time';
import type { NightCommune, NightPerson } from './tonight';
import type { Text } from './types';

export interface Shift {
  id: string;
  person: string;
  name: Text;
  communes: NightCommune[];
  starts: string;
  ends: string;
  now: boolean;
}

export interface Obstacle {
  commune: string;
  at: string;
  open: number;
  of: number;
  text: Text;
  card: Card;
}

export interface RosterPage {
  from: string;
  until: string;
  shifts: Shift[];
  persons: NightPerson[];
  communes: NightCommune[];
}

export interface Entered {
  shift: Shift;
  warnings: Obstacle[];
}

export type Candidate = NightPerson & { whole: boolean };

export const roster = {
  page: () => get<RosterPage>('/api/roster'),
  enter: (shift: { person: string; communes: string[]; starts: string; ends: string }) => post<Entered>('/api/roster', shift),
  candidates: (shift: string) => get<Candidate[]>(`/api/roster/${part(shift)}/candidates`),
  replace: (shift: string, person: string) => post<Entered>(`/api/roster/${part(shift)}/replace`, { person }),
  cancel: (shift: string) => post<unknown>(`/api/roster/${part(shift)}/cancel`),
};

/** What the law opposed to a shift, commune by commune. */
export function obstaclesOf(error: unknown): Obstacle[] {
  const found = error instanceof ApiError ? (error.body as { obstacles?: Obstacle[] } | null)?.obstacles : null;
  return Array.isArray(found) ? found : [];
}

const TIME = /^(\d{1,2})\s*[:hH]\s*(\d{2})?$/;

/** A day and two legal times → the two instants; an end that is not after the start is the next day's. Null: not times. */
export function spanOf(day: string, from: string, to: string): { starts: string; ends: string } | null {
  const date = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  const times = [from, to].map((typed) => TIME.exec(typed.trim()));
  if (!date || !times[0] || !times[1]) return null;
  const [begin, end] = times.map((time) => ({ hour: Number(time?.[1]), minute: Number(time?.[2] ?? 0) }));
  if (!begin || !end || begin.hour > 23 || begin.minute > 59 || end.hour > 23 || end.minute > 59) return null;
  const base = { year: Number(date[1]), month: Number(date[2]), day: Number(date[3]), second: 0 };
  const starts = fromCivil({ ...base, ...begin });
  const same = fromCivil({ ...base, ...end });
  if (same > starts) return { starts: toIso(starts), ends: toIso(same) };
  // The legal day after, whatever its length: change of clocks included.
  const noon = civil(fromCivil({ ...base, hour: 12, minute: 0 }) + 86_400e6);
  return { starts: toIso(starts), ends: toIso(fromCivil({ ...noon, ...end, second: 0 })) };
}

/** Shifts by the legal day on which they start. */
export function byDay(shifts: Shift[]): { day: string; shifts: Shift[] }[] {
  const days = new Map<string, Shift[]>();
  for (const shift of shifts) {
    const at = parseInstant(shift.starts);
    const day = at === null ? '' : isoDay(at);
    days.set(day, [...(days.get(day) ?? []), shift]);
  }
  return [...days].map(([day, several]) => ({ day, shifts: several }));
}
