// What a recorded file says of itself: its header box, the lines of its index (src/beffroi/vault/chunkformat.py).

import { type Box, walk } from './boxes';
import { type Bytes, FormatError, exact, fromBase64, fromHex, toHex, utf8, view } from './bytes';
import { GAP_CAUSES } from './lists';

const HEADER = '5f0e3c9a1d7b4c629a41b7e8f3d20c01';
const MAX_INIT = 1 << 20;
const MAX_HEADER = 1 << 20;
const TEXTS = ['camera', 'stream', 'run', 'authority', 'config_digest', 'codec_string', 'recorder'] as const;
const NUMBERS = ['term_days', 'hour', 'wall_start_us', 'start_90k', 'width', 'height', 'version'] as const;
export const ENTRY_BYTES = 69;

export interface Header {
  camera: string;
  stream: string;
  run: string;
  configDigest: string;
  wallStartUs: number;
  codec: string;
  width: number;
  height: number;
}

export interface Entry {
  length: number;
  wallUs: number;
  dts90k: number;
  duration90k: number;
  frames: number;
  key: boolean;
  sha256: Bytes;
  /** As the Merkle tree hashes it. */
  packed: Bytes;
  endUs: number;
}

/** Where `ftyp moov` ends, and the header. */
export function readHead(head: Uint8Array): { initEnd: number; header: Header } {
  const boxes: Box[] = walk(head);
  const [ftyp, moov, own] = boxes;
  if (ftyp?.kind !== 'ftyp' || moov?.kind !== 'moov' || own?.kind !== 'uuid' || moov.end > MAX_INIT) {
    throw new FormatError('not the head of a recorded file');
  }
  const payload = head.subarray(own.body, Math.min(own.end, own.body + MAX_HEADER));
  if (toHex(payload.subarray(0, 16)) !== HEADER) throw new FormatError('not the head of a recorded file');
  return { initEnd: moov.end, header: parseHeader(payload.subarray(16)) };
}

function parseHeader(payload: Uint8Array): Header {
  const found = JSON.parse(utf8(payload)) as Record<string, unknown>;
  if (found === null || typeof found !== 'object') throw new FormatError('header');
  for (const key of TEXTS) if (typeof found[key] !== 'string') throw new FormatError(`header.${key}`);
  for (const key of NUMBERS) if (!Number.isSafeInteger(found[key])) throw new FormatError(`header.${key}`);
  if (found['version'] !== 1 && found['version'] !== 2) throw new FormatError('header.version');
  fromHex(found['kid'], 16);
  fromBase64(found['sealed_key']);
  if (!Array.isArray(found['gaps']) || !found['gaps'].every(isGap)) throw new FormatError('header.gaps');
  const text = (key: (typeof TEXTS)[number]): string => found[key] as string;
  return {
    camera: text('camera'),
    stream: text('stream'),
    run: text('run'),
    configDigest: text('config_digest'),
    wallStartUs: found['wall_start_us'] as number,
    codec: text('codec_string'),
    width: found['width'] as number,
    height: found['height'] as number,
  };
}

function isGap(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [from, to, cause] = value as unknown[];
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && (from as number) <= (to as number) && GAP_CAUSES.has(cause);
}

export function unpackEntry(packed: Bytes): Entry {
  if (packed.length !== ENTRY_BYTES) throw new FormatError('an entry is cut');
  if (packed[36]! > 1) throw new FormatError('an entry in another spelling');
  const numbers = view(packed);
  exact(numbers.getBigUint64(0)); // its place in the recorded file: hashed, not used
  const wallUs = exact(numbers.getBigInt64(12));
  const duration90k = numbers.getUint32(28);
  return {
    length: numbers.getUint32(8),
    wallUs,
    dts90k: exact(numbers.getBigUint64(20)),
    duration90k,
    frames: numbers.getUint32(32),
    key: packed[36] !== 0,
    sha256: packed.slice(37),
    packed,
    endUs: wallUs + Math.floor((duration90k * 100) / 9),
  };
}
