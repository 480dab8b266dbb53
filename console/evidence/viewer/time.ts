// Wall time for people: legal time of the place and UTC, to the millisecond. Inside, microseconds since 1970.

const formats = new Map<string, Intl.DateTimeFormat>();

interface Civil {
  date: string;
  time: string;
}

function civil(us: number, zone: string): Civil {
  let format = formats.get(zone);
  if (format === undefined) {
    const digits = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...digits });
    formats.set(zone, format);
  }
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(Math.floor(us / 1000))) part[type] = value;
  const ms = String(Math.floor((((us % 1e6) + 1e6) % 1e6) / 1000)).padStart(3, '0');
  return {
    date: `${part['year']}-${part['month']}-${part['day']}`,
    time: `${part['hour']}:${part['minute']}:${part['second']}.${ms}`,
  };
}

export function clock(us: number, zone: string): string {
  return civil(us, zone).time;
}

export function instant(us: number, zone: string): string {
  const { date, time } = civil(us, zone);
  return `${date} ${time}`;
}

/** For a file's name: 2026-02-02T02-40-01.240Z */
export function inName(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString().replaceAll(':', '-');
}

const TYPED = /^(?:(\d{4})-(\d{2})-(\d{2})[ T])?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?\s*(Z|UTC)?$/i;

/** A typed time, with or without its date (then the day of `near`), in legal time or, with Z or UTC, in UTC. */
export function readTyped(text: string, near: number, zone: string): number | null {
  const match = TYPED.exec(text.trim());
  if (match === null) return null;
  const own = match[8] === undefined ? zone : 'UTC';
  const [year, month, day] = match[1] === undefined ? civil(near, own).date.split('-') : match.slice(1, 4);
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const ms = Number((match[7] ?? '').padEnd(3, '0'));
  const naive = Date.UTC(Number(year), Number(month) - 1, Number(day), hour, minute, second, ms) * 1000;
  // the offset of the day before is tried first: in the autumn hour that happens twice, the first is meant
  for (const day of [naive - 86_400e6, naive + 86_400e6]) {
    const found = naive - offset(day, own);
    if (found + offset(found, own) === naive) return found;
  }
  return naive - offset(naive, own);
}

function offset(us: number, zone: string): number {
  const { date, time } = civil(us, zone);
  return Date.parse(`${date}T${time}Z`) * 1000 - Math.floor(us / 1000) * 1000;
}
