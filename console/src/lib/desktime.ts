/**
 * What an investigator says of time, in legal time. On the night when an hour comes twice the console asks which one is
 * meant; an hour that the spring night skips is refused: minutes that are held must be those that were said.
 */
import { civil, legalOffsetUs, parseTyped, type CivilTime } from './time';

const MINUTE_US = 60e6;

/** "2h30", "02:30", "0230", "2:30:15" → [hour, minute, second]; null when it is not a time of day. */
export function timeOfDay(typed: string): [number, number, number] | null {
  const text = typed.trim().toLowerCase();
  const found = /^(\d{1,2})\s*[:h]\s*(\d{2})?(?:\s*[:m]\s*(\d{2})\s*s?)?$/.exec(text) ?? /^(\d{2})(\d{2})(\d{2})?$/.exec(text);
  if (!found) return null;
  const [hour, minute, second] = [Number(found[1]), Number(found[2] ?? 0), Number(found[3] ?? 0)];
  return hour > 23 || minute > 59 || second > 59 ? null : [hour, minute, second];
}

/** Every instant at which legal clocks show this date and time: one; two on the autumn night; none in spring's gap. */
export function readings(c: CivilTime): number[] {
  const naive = Date.UTC(c.year, c.month - 1, c.day, c.hour, c.minute, c.second) * 1000;
  const offsets = new Set([legalOffsetUs(naive - 86_400e6), legalOffsetUs(naive + 86_400e6)]);
  return [...offsets].map((offset) => naive - offset).filter((us) => us + legalOffsetUs(us) === naive).toSorted((a, b) => a - b);
}

/** Whether this instant is in summer time. */
export function isSummer(us: number): boolean {
  return legalOffsetUs(us) > legalOffsetUs(Date.UTC(civil(us).year, 0, 15) * 1000);
}

/** Hours ahead of UTC at this instant. */
export const hoursAhead = (us: number): number => legalOffsetUs(us) / 3600e6;

export type Reading = 'first' | 'second';

export interface Said {
  /** "2026-10-25" */
  day: string;
  from: string;
  /** Empty: one instant, with its margin. */
  to: string;
  /** Minutes added before and after. */
  margin: number;
  /** Which of the two, where an hour comes twice. */
  which: Record<'from' | 'to', Reading | null>;
}

export type Trouble = 'day' | 'from' | 'to' | 'gapFrom' | 'gapTo' | 'empty' | 'long' | 'order';
export type Understood =
  | { kind: 'range'; fromUs: number; toUs: number; nextDay: boolean }
  /** Which of two instants is meant. */
  | { kind: 'ask'; end: 'from' | 'to'; instants: [number, number] }
  | { kind: 'wrong'; trouble: Trouble };

const LONGEST_US = 12 * 60 * MINUTE_US;

function dayOf(text: string): CivilTime | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return null;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const real = new Date(Date.UTC(year, month - 1, day));
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day) return null;
  return { year, month, day, hour: 0, minute: 0, second: 0 };
}

const nextDay = (c: CivilTime): CivilTime => {
  const after = new Date(Date.UTC(c.year, c.month - 1, c.day + 1));
  return { ...c, year: after.getUTCFullYear(), month: after.getUTCMonth() + 1, day: after.getUTCDate() };
};

const wrong = (trouble: Trouble): Understood => ({ kind: 'wrong', trouble });

/** What was said → minutes to hold, a question, or what is wrong with it. An end before the beginning is the next day's. */
export function understand(said: Said): Understood {
  const day = dayOf(said.day);
  if (!day) return wrong('day');
  if (!said.from.trim()) return wrong('empty');
  const begin = timeOfDay(said.from);
  if (!begin) return wrong('from');
  const end = said.to.trim() ? timeOfDay(said.to) : begin;
  if (!end) return wrong('to');
  const put = (c: CivilTime, [hour, minute, second]: [number, number, number]): number[] => readings({ ...c, hour, minute, second });

  const starts = put(day, begin);
  if (starts.length === 0) return wrong('gapFrom');
  if (starts.length === 2 && !said.which.from) return { kind: 'ask', end: 'from', instants: [starts[0] ?? 0, starts[1] ?? 0] };
  const fromUs = starts[said.which.from === 'second' ? starts.length - 1 : 0] ?? 0;

  if (!said.to.trim()) return ranged(fromUs, fromUs, said.margin, false);
  const sameDay = put(day, end);
  if (sameDay.length === 0) return wrong('gapTo');
  // Where the end comes twice, a reading before the beginning is no question.
  const possible = sameDay.filter((us) => us > fromUs);
  if (possible.length === 0) {
    const later = put(nextDay(day), end);
    if (later.length === 0) return wrong('gapTo');
    if (later.length === 2 && !said.which.to) return { kind: 'ask', end: 'to', instants: [later[0] ?? 0, later[1] ?? 0] };
    return ranged(fromUs, later[said.which.to === 'second' ? later.length - 1 : 0] ?? 0, said.margin, true);
  }
  if (possible.length === 2 && !said.which.to) return { kind: 'ask', end: 'to', instants: [possible[0] ?? 0, possible[1] ?? 0] };
  return ranged(fromUs, possible[said.which.to === 'second' ? possible.length - 1 : 0] ?? 0, said.margin, false);
}

function ranged(fromUs: number, toUs: number, margin: number, next: boolean): Understood {
  const range = { kind: 'range' as const, fromUs: fromUs - margin * MINUTE_US, toUs: toUs + margin * MINUTE_US, nextDay: next };
  if (range.toUs <= range.fromUs) return wrong('order');
  return range.toUs - range.fromUs > LONGEST_US ? wrong('long') : range;
}

/** "48,8566 2,3522", "48.8566, 2.3522" → degrees; null when it is words. */
export function coordinates(typed: string): [number, number] | null {
  const found = /^\s*(-?\d{1,2}(?:[.,]\d+)?)\s*[;, ]\s*(-?\d{1,3}(?:[.,]\d+)?)\s*$/.exec(typed);
  if (!found || !/[.,]\d/.test(typed)) return null;
  const [latitude, longitude] = [found[1], found[2]].map((one) => Number((one ?? '').replace(',', '.'))) as [number, number];
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? [latitude, longitude] : null;
}

/** What was typed, as the instant within these minutes that it can mean; null when it is not a time. Where an hour comes twice the one held is meant. */
export function typedWithin(input: string, fromUs: number, toUs: number): number | null {
  const typed = parseTyped(input, fromUs);
  if (typed === null) return null;
  // Minutes that pass midnight are of two days. Typed to the second: what is held to the fraction begins within it.
  const meant = [typed, parseTyped(input, toUs) ?? typed].flatMap((us) => readings(civil(us)));
  return meant.find((us) => us > fromUs - 1e6 && us < toUs + 1e6) ?? typed;
}

/** The day on which legal clocks are now. */
export function today(nowUs: number): string {
  const c = civil(nowUs);
  return `${c.year}-${String(c.month).padStart(2, '0')}-${String(c.day).padStart(2, '0')}`;
}
