// One `moof` + `mdat` (src/beffroi/media/parse.py): times, sizes, sub-samples.

import { type Box, MalformedError, walk } from './boxes';
import { type Bytes, exact, same, view } from './bytes';

export interface Sample {
  /** Bytes from the `moof`. */
  offset: number;
  size: number;
  duration90k: number;
  dts90k: number;
  pts90k: number;
  key: boolean;
  /** Empty when clear. */
  iv: Bytes;
  subsamples: readonly (readonly [clear: number, hidden: number])[];
}

export interface Fragment {
  moofEnd: number;
  end: number;
  /** Wall time of the first picture, as the recorder wrote it. */
  wallUs: number | null;
  samples: Sample[];
}

const WALL_TIME = [0x9f, 0x2c, 0x1f, 0x0a, 0x5d, 0x5b, 0x4e, 0x0d, 0xb1, 0xa6, 0xe2, 0xb7, 0xc4, 0xd8, 0x00, 0x11];
const NONE = new Uint8Array(0);
const NOT_SYNC = 0x1_0000;
const MAX_SAMPLES = 1 << 16;
const MAX_SUBSAMPLES = 40;

/** Parse the fragment that these bytes begin with; what follows its `mdat` is not read. */
export function readFragment(data: Uint8Array): Fragment {
  const [moof, mdat] = walk(data);
  if (moof?.kind !== 'moof' || mdat?.kind !== 'mdat') throw new MalformedError('not one fragment');
  return { ...readMoof(data.subarray(0, moof.end), mdat.end), end: mdat.end };
}

/** Parse a `moof`; `end` is where its `mdat` ends, null when that is not checked. */
export function readMoof(moof: Uint8Array, end: number | null): Omit<Fragment, 'end'> {
  const body = byKind(walk(moof, 8));
  const mfhd = body.get('mfhd');
  const traf = body.get('traf');
  if (mfhd === undefined || traf === undefined || mfhd.end - mfhd.body < 8) throw new MalformedError('no header');
  const inside = byKind(walk(moof, traf.body, traf.end));
  const part = (kind: string): Uint8Array | null => {
    const found = inside.get(kind);
    return found === undefined ? null : moof.subarray(found.body, found.end);
  };
  const tfdt = part('tfdt');
  const trun = part('trun');
  if (tfdt?.length !== 12 || trun === null) throw new MalformedError('no times');
  const rows = readRuns(trun);
  const senc = part('senc');
  const hidden = senc === null ? null : readSenc(senc, rows.length);
  let at = view(trun).getInt32(8);
  if (at !== moof.length + 8) throw new MalformedError('points elsewhere');
  let dts90k = exact(view(tfdt).getBigUint64(4));
  const samples = rows.map((row, n): Sample => {
    const { iv, subsamples } = hidden?.[n] ?? { iv: NONE, subsamples: [] };
    const told = subsamples.reduce((sum, [clear, secret]) => sum + clear + secret, 0);
    if (subsamples.length > 0 && told !== row.size) throw new MalformedError('sub-samples do not add up');
    const { size, duration: duration90k } = row;
    const key = (row.flags & NOT_SYNC) === 0;
    const sample = { offset: at, size, duration90k, dts90k, pts90k: dts90k + row.composition, key, iv, subsamples };
    at += size;
    dts90k += duration90k;
    return sample;
  });
  if (end !== null && at !== end) throw new MalformedError('does not fill its data');
  return { moofEnd: moof.length, wallUs: wallTime(moof, body.get('uuid')), samples };
}

/** As in a dictionary, the last of a kind is meant. */
function byKind(boxes: Box[]): Map<string, Box> {
  return new Map(boxes.map((item) => [item.kind, item]));
}

function wallTime(moof: Uint8Array, found: Box | undefined): number | null {
  if (found === undefined || found.end - found.body !== 24) return null;
  if (!same(moof.subarray(found.body, found.body + 16), Uint8Array.from(WALL_TIME))) return null;
  return exact(view(moof).getBigInt64(found.body + 16));
}

interface Row {
  duration: number;
  size: number;
  flags: number;
  composition: number;
}

function readRuns(trun: Uint8Array): Row[] {
  if (trun.length < 12) throw new MalformedError('sample table');
  const numbers = view(trun);
  const kind = numbers.getUint32(0) & 0xff_ffff;
  const count = numbers.getUint32(4);
  const row = { 0x701: 12, 0xf01: 16 }[kind];
  if (row === undefined || count === 0 || count > MAX_SAMPLES || trun.length !== 12 + count * row) {
    throw new MalformedError('sample table');
  }
  return Array.from({ length: count }, (_, n) => {
    const at = 12 + n * row;
    const composition = row === 16 ? numbers.getInt32(at + 12) : 0;
    const [duration, size, flags] = [numbers.getUint32(at), numbers.getUint32(at + 4), numbers.getUint32(at + 8)];
    return { duration, size, flags, composition };
  });
}

function readSenc(senc: Uint8Array, count: number): { iv: Bytes; subsamples: [number, number][] }[] {
  const numbers = view(senc);
  if (senc.length < 8 || (numbers.getUint32(0) & 0xff_ffff) !== 2 || numbers.getUint32(4) !== count) {
    throw new MalformedError('encryption table');
  }
  let at = 8;
  const out = Array.from({ length: count }, () => {
    if (at + 10 > senc.length) throw new MalformedError('encryption table');
    const iv = Uint8Array.from(senc.subarray(at, at + 8));
    const pairs = numbers.getUint16(at + 8);
    const first = at + 10;
    at = first + 6 * pairs;
    if (pairs === 0 || pairs > MAX_SUBSAMPLES || at > senc.length) throw new MalformedError('encryption table');
    const subsamples = Array.from({ length: pairs }, (_, n): [number, number] => [
      numbers.getUint16(first + 6 * n),
      numbers.getUint32(first + 6 * n + 2),
    ]);
    return { iv, subsamples };
  });
  if (at !== senc.length) throw new MalformedError('encryption table');
  return out;
}
