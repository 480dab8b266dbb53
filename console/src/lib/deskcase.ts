/** Where a case of the desk stands, what is due next, and when it dies. Pure: the instant is given. */
import type { DeskCase, DeskHold, DeskPackage } from './desk';
import { fromCivil } from './time';

/** In the order of a case's life. */
export const STATES = [
  'open', 'held', 'reported', 'awaitsPaper', 'unconfirmed', 'joined', 'awaitsSecond', 'prepared', 'toHand', 'received', 'destroyed',
] as const;
export type CaseState = (typeof STATES)[number];

export type HoldState = 'held' | 'growing' | 'waiting' | 'refused' | 'damaged' | 'pastTerm' | 'nothing' | 'past' | 'ended';

const DAY_US = 86_400e6;
/** The centre's copy lives so long after the receipt. */
export const COPY_US = 7 * DAY_US;

/** When the centre's copy is gone at the latest: from the day on which the receipt was signed, often before it was written down. */
export function copyEndsUs(packet: DeskPackage): number | null {
  if (packet.received_us === null) return null;
  const [year, month, day] = packet.signed_on.split('-').map(Number);
  if (!year || !month || !day) return packet.received_us + COPY_US;
  return Math.min(packet.received_us, fromCivil({ year, month, day, hour: 0, minute: 0, second: 0 })) + COPY_US;
}

/** The delivery that the case is at: the newest that is not destroyed. */
export function current(file: Pick<DeskCase, 'packages'>): DeskPackage | null {
  return file.packages.toReversed().find((one) => one.destroyed_us === null) ?? null;
}

export function stateOf(file: DeskCase): CaseState {
  if (file.closed_us !== null) return 'destroyed';
  const delivery = current(file);
  if (delivery) {
    if (delivery.received_us !== null) return 'received';
    if (delivery.built_us !== null) return 'toHand';
    return delivery.agreed_us === null ? 'awaitsSecond' : 'prepared';
  }
  if (file.titles.some((one) => one.in_force)) return 'joined';
  if (file.papers.length > 0) return 'unconfirmed';
  if (file.holds.length === 0) return 'open';
  // A safeguard that a service was told of waits for that service's requisition.
  if (file.kind !== 'requisition') return file.call.service ? 'reported' : 'held';
  return !standing(file).every((one) => one.complete) ? 'held' : 'awaitsPaper';
}

const standing = (file: DeskCase): DeskHold[] => file.holds.filter((one) => one.ended_us === null);

export interface Due {
  /** What happens then: the images die, or the centre's copy goes. */
  what: 'images' | 'copy';
  atUs: number;
}

/** Whether the images of every hold have come to their term: a hold ends later, when the case closes. */
export function isPast(file: DeskCase, nowUs: number): boolean {
  const holds = standing(file);
  return file.closed_us === null && holds.length > 0 && holds.every((one) => one.dies_us <= nowUs);
}

/** What ends next of a case, and when; the past when all has; null when nothing of it is kept. */
export function dueOf(file: DeskCase, nowUs: number): Due | null {
  if (file.closed_us !== null) return null;
  const delivery = current(file);
  const copy = delivery && copyEndsUs(delivery);
  if (copy) return { what: 'copy', atUs: copy };
  const ends = standing(file).map((one) => one.dies_us);
  if (ends.length === 0) return null;
  const ahead = ends.filter((us) => us > nowUs);
  return { what: 'images', atUs: ahead.length > 0 ? Math.min(...ahead) : Math.max(...ends) };
}

export function holdState(hold: DeskHold, nowUs: number): HoldState {
  if (hold.ended_us !== null) return 'ended';
  if (hold.dies_us <= nowUs) return 'past';
  if (hold.files.refused > 0) return 'refused';
  if (hold.files.growing > 0) return 'growing';
  if (!hold.complete) return 'waiting';
  if (hold.files.damaged > 0) return 'damaged';
  if (hold.files.past_term > 0) return 'pastTerm';
  return hold.files.held > 0 ? 'held' : 'nothing';
}

/** What the clerk must know before anything else of what was asked to be held: the vault refused a key, or no camera had a picture then. */
export function warningOf(file: DeskCase, nowUs: number): 'refused' | 'nothing' | null {
  const states = standing(file).map((one) => holdState(one, nowUs));
  if (states.includes('refused')) return 'refused';
  return states.length > 0 && states.every((one) => one === 'nothing') ? 'nothing' : null;
}

/** How much of a hold the requisitions in force let leave. */
export function scopeOf(hold: DeskHold): 'none' | 'part' | 'whole' {
  if (hold.inside.length === 0) return 'none';
  const whole = hold.inside.some(([from, to]) => from <= hold.from_us && to >= hold.to_us);
  return whole ? 'whole' : 'part';
}

/** What may leave of a case, line by line, as the centre would choose by itself. */
export function leaving(file: DeskCase): { camera: string; name: string; from_us: number; to_us: number }[] {
  return standing(file).flatMap((hold) =>
    hold.inside.map(([from_us, to_us]) => ({ camera: hold.camera, name: hold.name, from_us, to_us })),
  );
}

export interface Awaited {
  file: DeskCase;
  packet: DeskPackage;
}

/** Deliveries that wait for the word of who reads this. */
export function awaitingMe(files: readonly DeskCase[]): Awaited[] {
  return files
    .filter((file) => file.closed_us === null)
    .flatMap((file) => file.packages.filter((one) => one.awaits_you && one.destroyed_us === null).map((packet) => ({ file, packet })));
}

/** Cases to act on first: what waits for me, what ends soonest; the closed last, newest first. */
export function inOrder(files: readonly DeskCase[], nowUs: number): DeskCase[] {
  const mine = new Set(awaitingMe(files).map((one) => one.file.id));
  const rank = (file: DeskCase): number => (file.closed_us !== null ? 2 : mine.has(file.id) ? 0 : 1);
  // Where all has come to its term nothing presses any more.
  const presses = (file: DeskCase): number => (isPast(file, nowUs) ? Infinity : (dueOf(file, nowUs)?.atUs ?? Infinity));
  const sooner = (a: number, b: number): number => (a === b ? 0 : a - b);
  return files.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (rank(a) === 2 ? b.opened_us - a.opened_us : sooner(presses(a), presses(b)) || b.opened_us - a.opened_us) ||
      a.id.localeCompare(b.id),
  );
}

/** Rows under their commune, in the order in which communes first appear. */
export function byCommune<T extends { commune: string }>(rows: readonly T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(row.commune, [...(groups.get(row.commune) ?? []), row]);
  return [...groups.entries()];
}
