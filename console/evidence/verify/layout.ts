// Which groups make up a file and where each comes to lie (src/beffroi/vault/rangefile.py), computed anew.

import type { Entry, Header } from './chunk';
import { type Bytes, FormatError } from './bytes';
import { readFragment } from './fragment';
import { type Config, type Reference, fileHead } from './head';

export interface Step {
  source: number;
  entry: Entry;
}

export interface Layout {
  head: Bytes;
  bases90k: number[];
}

const MAX_REFERENCES = 65_535;
const MAX_REFERENCE_BYTES = 2 ** 30;
const toTicks = (us: number): number => Number((BigInt(us) * 9n) / 100n);

export interface Selection {
  /** In the order of their wall time; `Step.source` counts in it. */
  headers: Header[];
  steps: Step[];
}

/** The groups that overlap a range, from the key frame at or before its start; else from the first key frame of their first
 * file; where that has none, as they are. Throws when there is no group, or when they cannot be decoded with one set of
 * parameters. */
export function select(sources: readonly { header: Header; entries: readonly Entry[] }[], from: number, to: number): Selection {
  const ordered = sources.toSorted((one, other) => one.header.wallStartUs - other.header.wallStartUs);
  const steps: Step[] = [];
  ordered.forEach(({ entries }, source) => {
    const inside = entries.flatMap((entry, n) => (overlaps(entry, from, to) ? [n] : []));
    if (inside.length === 0) return;
    const first = steps.length === 0 ? decodedFrom(entries, inside[0]!) : inside[0]!;
    const chosen = entries.slice(first, inside.at(-1)! + 1);
    const start = steps.length === 0 ? chosen.findIndex((entry) => entry.key) : 0;
    for (const entry of chosen.slice(Math.max(0, start))) steps.push({ source, entry });
  });
  if (steps.length === 0) throw new FormatError('no picture in the range');
  const headers = ordered.map((source) => source.header);
  const settings = headers[steps[0]!.source]!.configDigest;
  if (steps.some((step) => headers[step.source]!.configDigest !== settings)) throw new FormatError('settings changed');
  return { headers, steps };
}

/** The entry with the key frame that one is decoded from; when its file has none before, that one itself. */
function decodedFrom(entries: readonly Entry[], at: number): number {
  const key = entries.slice(0, at + 1).findLastIndex((entry) => entry.key);
  return key < 0 ? at : key;
}

function overlaps(entry: Entry, from: number, to: number): boolean {
  return entry.wallUs < to && from < entry.endUs;
}

/** The step that holds the instant asked for; the first one when the file begins later. */
export function anchorOf(steps: readonly Step[], from: number): number {
  return Math.max(0, steps.findLastIndex((step) => step.entry.wallUs <= from));
}

export function layOut({ headers, steps }: Selection, from: number, config: Config, stored: Uint8Array): Layout {
  const bases90k = decodeTimes(headers, steps);
  const anchor = anchorOf(steps, from);
  const end90k = bases90k.at(-1)! + steps.at(-1)!.entry.duration90k;
  const opening = readFragment(stored).samples[0]!;
  const late90k = bases90k[anchor]! + Math.max(0, toTicks(from - steps[anchor]!.entry.wallUs));
  const head = fileHead(config, {
    takenUs: steps[0]!.entry.wallUs,
    duration90k: end90k - late90k,
    skip90k: opening.pts90k - opening.dts90k + late90k,
    references: references(steps.map((step) => step.entry), [...bases90k, end90k].map((at) => Math.max(at, late90k))),
  });
  return { head, bases90k };
}

function decodeTimes(headers: readonly Header[], steps: readonly Step[]): number[] {
  const startUs = steps[0]!.entry.wallUs;
  let [run, shift90k, end90k]: [string | null, number, number] = [null, 0, 0];
  return steps.map(({ source, entry }) => {
    const own = headers[source]!.run;
    if (own !== run) {
      run = own;
      shift90k = Math.max(end90k, toTicks(entry.wallUs - startUs)) - entry.dts90k;
    }
    const base = Math.max(end90k, entry.dts90k + shift90k);
    end90k = base + entry.duration90k;
    return base;
  });
}

export function references(entries: readonly Pick<Entry, 'length' | 'key'>[], times: readonly number[]): Reference[] {
  let found: Reference[] = [];
  entries.forEach((entry, n) => {
    const line = { size: entry.length, duration90k: times[n + 1]! - times[n]!, key: entry.key };
    const last = found.at(-1);
    if (last !== undefined && !entry.key && last.size + line.size < MAX_REFERENCE_BYTES) {
      found[found.length - 1] = joined(last, line);
    } else {
      found.push(line);
    }
  });
  while (found.length > MAX_REFERENCES) {
    found = found.flatMap((one, n) => {
      if (n % 2 === 1) return [];
      const next = found[n + 1];
      return [next === undefined ? one : joined(one, next)];
    });
  }
  return found;
}

function joined(one: Reference, other: Reference): Reference {
  return { size: one.size + other.size, duration90k: one.duration90k + other.duration90k, key: one.key };
}
