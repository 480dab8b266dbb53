/**
 * Wall time for people. Inside, an instant is microseconds UTC (a number: exact until the year 2255);
 * on screen it is the authority's legal time.
 */

export const LEGAL_ZONE = 'Europe/Paris';

const partsFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: LEGAL_ZONE,
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

export interface CivilTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export function civil(us: number): CivilTime {
  const found: Record<string, number> = {};
  for (const part of partsFormat.formatToParts(us / 1000)) {
    if (part.type !== 'literal') found[part.type] = Number(part.value);
  }
  return {
    year: found['year'] ?? 0,
    month: found['month'] ?? 0,
    day: found['day'] ?? 0,
    hour: found['hour'] ?? 0,
    minute: found['minute'] ?? 0,
    second: found['second'] ?? 0,
  };
}

/** Microseconds by which legal time is ahead of UTC at this instant. */
export function legalOffsetUs(us: number): number {
  const c = civil(us);
  const asUtc = Date.UTC(c.year, c.month - 1, c.day, c.hour, c.minute, c.second) * 1000;
  return asUtc - Math.floor(us / 1e6) * 1e6;
}

/**
 * Legal date and time → microseconds UTC. In the autumn hour that happens twice the first (summer) one is meant;
 * a spring hour that does not exist is moved on by the hour that was skipped.
 */
export function fromCivil(c: CivilTime): number {
  const naive = Date.UTC(c.year, c.month - 1, c.day, c.hour, c.minute, c.second) * 1000;
  const before = naive - legalOffsetUs(naive - 86_400e6);
  const after = naive - legalOffsetUs(naive + 86_400e6);
  if (before === after) return before;
  const same = (us: number): boolean => us + legalOffsetUs(us) === naive;
  if (same(before)) return before;
  return same(after) ? after : before;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** 14:03:07 */
export function clockTime(us: number): string {
  const c = civil(us);
  return `${two(c.hour)}:${two(c.minute)}:${two(c.second)}`;
}

/** A length of time in whole seconds, as « 23 h 59 min 58 s »; what is under a second shows as « < 1 s ». */
export function span(us: number): string {
  if (us === 0) return '0';
  const seconds = Math.floor(us / 1e6);
  if (seconds === 0) return '< 1 s';
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return [h && `${h} h`, (h || m) && `${h ? two(m) : m} min`, `${h || m ? two(s) : s} s`].filter(Boolean).join(' ');
}

/** « (UTC+2) » after the times of a day on which clocks change: an hour comes twice or not at all. Else nothing. */
export function offsetWords(us: number): string {
  const c = civil(us);
  const midnight = (day: number): number => fromCivil({ ...civil(Date.UTC(c.year, c.month - 1, day, 12) * 1000), hour: 0, minute: 0, second: 0 });
  if (legalOffsetUs(midnight(c.day)) === legalOffsetUs(midnight(c.day + 1) - 1e6)) return '';
  return ` (UTC+${legalOffsetUs(us) / 3600e6})`;
}

/** 14:03:07, or « 02:30:00 (UTC+2) »: where two instants must not read alike. */
export function exactTime(us: number): string {
  return clockTime(us) + offsetWords(us);
}

/** 14:03 */
export function shortTime(us: number): string {
  return clockTime(us).slice(0, 5);
}

/** 2026-11-22, for date inputs. */
export function isoDay(us: number): string {
  const c = civil(us);
  return `${c.year}-${two(c.month)}-${two(c.day)}`;
}

/** 22/11/2026 */
export function frenchDay(us: number): string {
  const c = civil(us);
  return `${two(c.day)}/${two(c.month)}/${c.year}`;
}

/** 22/11 14:03:07 */
export function dayTime(us: number): string {
  return `${frenchDay(us).slice(0, 5)} ${clockTime(us)}`;
}

/** An ISO instant of the API → microseconds, or null when it cannot be read. */
export function parseInstant(iso: string | null | undefined): number | null {
  if (!iso) return null;
  const ms = Date.parse(iso);
  return Number.isFinite(ms) ? ms * 1000 : null;
}

export function toIso(us: number): string {
  return new Date(us / 1000).toISOString();
}

/**
 * What a person types to go somewhere: "14:03", "14:03:07", "140307", "14h03", "22/11 14:03", "22/11/2026 14:03:07".
 * Without a date, the day of `aroundUs` is meant. Null when it is not a time.
 */
export function parseTyped(input: string, aroundUs: number): number | null {
  const text = input.trim().toLowerCase();
  const match =
    /^(?:(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?[\st]+)?(\d{1,2})\s*[:h]\s*(\d{2})(?:\s*[:m]\s*(\d{2})s?)?$/.exec(text) ??
    /^(?:(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?[\st]+)?(\d{2})(\d{2})(\d{2})?$/.exec(text);
  if (!match) return null;
  const here = civil(aroundUs);
  const number = (index: number, otherwise: number): number =>
    match[index] === undefined ? otherwise : Number(match[index]);
  const c: CivilTime = {
    day: number(1, here.day),
    month: number(2, here.month),
    year: number(3, here.year),
    hour: number(4, 0),
    minute: number(5, 0),
    second: number(6, 0),
  };
  const real = new Date(Date.UTC(c.year, c.month - 1, c.day));
  if (real.getUTCMonth() !== c.month - 1 || real.getUTCDate() !== c.day) return null;
  if (c.hour > 23 || c.minute > 59 || c.second > 59) return null;
  return fromCivil(c);
}

/** A length of time in the two largest units that matter: "3 j 4 h", "12 min", "8 s". */
export function lengthOf(seconds: number, dayWord: string): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s < 600 && s % 60 ? ` ${s % 60} s` : ''}`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))}`;
  return `${Math.floor(s / 86_400)} ${dayWord} ${Math.floor((s % 86_400) / 3600)} h`;
}

/** A difference of clocks: "+1,3 s", "-0,4 s", "0,0 s". */
export function signedSeconds(ms: number, language: string): string {
  const digits = { signDisplay: 'exceptZero', minimumFractionDigits: 1, maximumFractionDigits: 1 } as const;
  return `${new Intl.NumberFormat(language, digits).format(ms / 1000)} s`;
}
