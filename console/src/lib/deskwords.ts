/** How the desk says instants and lengths of time. */
import type { Dictionary } from '../i18n/index.svelte';
import type { Due } from './deskcase';
import { dayTime, frenchDay, lengthOf, offsetWords, shortTime } from './time';

const FAR_US = 99 * 86_400e6;

/** « dans 6 j 4 h », « le 14/03/2027 », « à tout moment ». */
export function countdown(atUs: number, nowUs: number, t: Dictionary): string {
  const left = atUs - nowUs;
  if (left <= 0) return t.desk.overdue;
  return left > FAR_US ? t.desk.on(frenchDay(atUs)) : t.desk.within(lengthOf(left / 1e6, t.app.day));
}

export function dueWords(due: Due | null, nowUs: number, t: Dictionary): string {
  if (!due) return '';
  if (due.what === 'images' && due.atUs <= nowUs) return t.desk.past;
  return (due.what === 'copy' ? t.desk.dueCopy : t.desk.dueImages)(countdown(due.atUs, nowUs, t));
}

/** « 21/11 22:50 → 23:10 »: the day once when it is the same; on the day of a clock change with « (UTC+2) ». */
export function minutesWords(fromUs: number, toUs: number): [string, string] {
  const from = dayTime(fromUs).replace(/:00$/, '');
  const to = (frenchDay(fromUs) === frenchDay(toUs) ? dayTime(toUs).slice(6) : dayTime(toUs)).replace(/:00$/, '');
  return [from + offsetWords(fromUs), to + offsetWords(toUs)];
}

/** A running clock: « 04:07 », « 1 h 12 min ». */
export function stopwatch(us: number, dayWord: string): string {
  const s = Math.max(0, Math.floor(us / 1e6));
  if (s >= 3600) return lengthOf(s, dayWord);
  return `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}`;
}

/** « 22/11 à 02:14 » */
export const at = (us: number): string => `${frenchDay(us).slice(0, 5)} ${shortTime(us)}`;
