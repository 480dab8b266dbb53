// The head of a clear file: `ftyp moov sidx` (src/beffroi/media/initseg.py). Width, height and decoder record come from
// the recorded file's own head, which the register proves: no parameter set has to be understood to compare.

import { MalformedError, box, find, fullBox, u16, u32, u64, walk } from './boxes';
import { type Bytes, encode, join, view } from './bytes';

export interface Config {
  kind: 'avc1' | 'hvc1';
  width: number;
  height: number;
  /** Content of `avcC` or `hvcC`. */
  record: Bytes;
}

export interface Reference {
  size: number;
  duration90k: number;
  key: boolean;
}

const FROM_1904_S = 2_082_844_800;
const STARTS_WITH_KEY = 0x9000_0000;
const zeros = (count: number): Bytes => new Uint8Array(count);
const MATRIX = join(...[0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000].map(u32));
const MOVIE = join(u32(0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(2));
const TREX = fullBox('trex', 0, 0, u32(1), u32(1), u32(0), u32(0), u32(0));

/** What a decoder must know, from an init segment of ours, clear or protected. */
export function readConfig(init: Uint8Array): Config {
  const stsd = find(init, ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd']);
  const [entry] = walk(init, stsd.body + 8, stsd.end);
  if (entry === undefined || entry.end - entry.body < 78) throw new MalformedError('no sample entry');
  for (const item of walk(init, entry.body + 78, entry.end)) {
    if (item.kind !== 'avcC' && item.kind !== 'hvcC') continue;
    const record = Uint8Array.from(init.subarray(item.body, item.end));
    if (record.length < (item.kind === 'avcC' ? 7 : 23)) throw new MalformedError(item.kind);
    const numbers = view(init);
    const [width, height] = [numbers.getUint16(entry.body + 24), numbers.getUint16(entry.body + 26)];
    return { kind: item.kind === 'avcC' ? 'avc1' : 'hvc1', width, height, record };
  }
  throw new MalformedError('no decoder record');
}

export interface Told {
  takenUs: number;
  duration90k: number;
  skip90k: number;
  references: readonly Reference[];
}

export function fileHead(config: Config, told: Told): Bytes {
  const ftyp = box('ftyp', encode('iso6'), u32(0), encode('iso6iso5mp41'));
  const seconds = u64(Math.floor(told.takenUs / 1_000_000) + FROM_1904_S);
  const mvhd = fullBox('mvhd', 1, 0, seconds, seconds, u32(90_000), u64(0), MOVIE);
  const mehd = fullBox('mehd', 1, 0, u64(told.duration90k));
  const elst = fullBox('elst', 1, 0, u32(1), u64(0), u64(told.skip90k), u32(0x10000));
  const edits = told.skip90k ? box('edts', elst) : zeros(0);
  const moov = box('moov', mvhd, trak(config, edits), box('mvex', mehd, TREX));
  const lines = told.references.flatMap((one) => [u32(one.size), u32(one.duration90k), u32(one.key ? STARTS_WITH_KEY : 0)]);
  const counts = [u16(0), u16(told.references.length)];
  return join(ftyp, moov, fullBox('sidx', 1, 0, u32(1), u32(90_000), u64(0), u64(0), ...counts, ...lines));
}

function trak(config: Config, edits: Bytes): Bytes {
  const size = [u32(config.width * 0x10000), u32(config.height * 0x10000)];
  const tkhd = fullBox('tkhd', 0, 3, zeros(8), u32(1), zeros(4), u32(0), zeros(8), zeros(8), MATRIX, ...size);
  const mdhd = fullBox('mdhd', 0, 0, zeros(8), u32(90_000), u32(0), u16(0x55c4), u16(0));
  const hdlr = fullBox('hdlr', 0, 0, zeros(4), encode('vide'), zeros(12), encode('video\0'));
  const vmhd = fullBox('vmhd', 0, 1, zeros(8));
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const empty = ['stts', 'stsc'].map((kind) => fullBox(kind, 0, 0, u32(0)));
  const stsd = fullBox('stsd', 0, 0, u32(1), sampleEntry(config));
  const stbl = box('stbl', stsd, ...empty, fullBox('stsz', 0, 0, u32(0), u32(0)), fullBox('stco', 0, 0, u32(0)));
  return box('trak', tkhd, edits, box('mdia', mdhd, hdlr, box('minf', vmhd, dinf, stbl)));
}

function sampleEntry(config: Config): Bytes {
  const size = [u16(config.width), u16(config.height), u32(0x480000), u32(0x480000)];
  const rest = [zeros(4), u16(1), zeros(32), u16(24), Uint8Array.of(0xff, 0xff)];
  const record = box(config.kind === 'avc1' ? 'avcC' : 'hvcC', config.record);
  return box(config.kind, zeros(6), u16(1), zeros(16), ...size, ...rest, record);
}
