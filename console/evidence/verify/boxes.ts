// ISO BMFF boxes (src/beffroi/media/boxes.py): walking bytes that nobody vouches for, writing a few.

import { type Bytes, FormatError, encode, join, latin, view } from './bytes';

export interface Box {
  kind: string;
  start: number;
  body: number;
  end: number;
}

export class MalformedError extends FormatError {}

const KIND = /^[\x20-\x7e\xa9]{4}$/;

/** The boxes one after the other, without going into them. Size 0 ("to the end") is for `mdat` alone. */
export function walk(data: Uint8Array, start = 0, end = data.length): Box[] {
  const found: Box[] = [];
  const numbers = view(data);
  let at = start;
  while (at < end) {
    if (end - at < 8) throw new MalformedError(`box header cut at ${at}`);
    const kind = latin(data.subarray(at + 4, at + 8));
    if (!KIND.test(kind)) throw new MalformedError(`no box at ${at}`);
    let size = numbers.getUint32(at);
    let header = 8;
    if (size === 1) {
      if (end - at < 16) throw new MalformedError(`box header cut at ${at}`);
      size = Number(numbers.getBigUint64(at + 8));
      header = 16;
    } else if (size === 0) {
      if (kind !== 'mdat') throw new MalformedError(`endless box at ${at}`);
      size = end - at;
    }
    if (size < header || size > end - at) throw new MalformedError(`box size at ${at}`);
    found.push({ kind, start: at, body: at + header, end: at + size });
    at += size;
  }
  return found;
}

/** The first box at this path of plain containers. */
export function find(data: Uint8Array, path: readonly string[], start = 0, end = data.length): Box {
  let found: Box = { kind: '', start, body: start, end };
  for (const kind of path) {
    const next = walk(data, found.body, found.end).find((item) => item.kind === kind);
    if (next === undefined) throw new MalformedError(`no ${kind}`);
    found = next;
  }
  return found;
}

export function box(kind: string, ...parts: Uint8Array[]): Bytes {
  const content = join(...parts);
  return join(u32(8 + content.length), encode(kind), content);
}

export function fullBox(kind: string, version: number, flags: number, ...parts: Uint8Array[]): Bytes {
  return box(kind, u32(version * 0x100_0000 + flags), ...parts);
}

export function u16(value: number): Bytes {
  return unsigned(value, 2);
}

export function u32(value: number): Bytes {
  return unsigned(value, 4);
}

export function u64(value: number): Bytes {
  return unsigned(value, 8);
}

function unsigned(value: number, size: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * size)) throw new MalformedError('a number does not fit');
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out.slice(8 - size);
}
