// A zip of a package, stored as it is (ISO/IEC 21320-1 without compression): found by its central directory.

import { view } from './bytes';
import { type Package, type Stretch, gather, isName } from './package';

const END_BYTES = 22;
const MAX_COMMENT = 65_535;
const MAX_DIRECTORY = 64 * 2 ** 20;

export class NotZipError extends Error {}

export async function openZip(file: Stretch): Promise<Package> {
  const tail = await file.read(Math.max(0, file.size - END_BYTES - MAX_COMMENT), file.size);
  const end = findEnd(tail);
  if (end === null) throw new NotZipError('no directory');
  const numbers = view(tail);
  const [count, size, start] = [numbers.getUint16(end + 10, true), numbers.getUint32(end + 12, true), numbers.getUint32(end + 16, true)];
  const endAt = file.size - tail.length + end;
  // beyond 4 GiB or 65,535 files (zip64), in several parts, or with something before it: unpack it instead
  if (count === 0xffff || start === 0xffff_ffff || start + size !== endAt || size > MAX_DIRECTORY) {
    throw new NotZipError('another kind of zip');
  }
  const directory = await file.read(start, start + size);
  const found: [string, Stretch | null][] = [];
  let at = 0;
  while (at < directory.length) {
    const line = readLine(directory.subarray(at));
    at += line.length;
    if (line.isFolder) continue;
    found.push([line.name, line.plain ? await content(file, line) : null]);
  }
  if (found.length > count) throw new NotZipError('directory');
  return gather(found);
}

function findEnd(tail: Uint8Array): number | null {
  for (let at = tail.length - END_BYTES; at >= 0; at--) {
    const isEnd = tail[at] === 0x50 && tail[at + 1] === 0x4b && tail[at + 2] === 5 && tail[at + 3] === 6;
    if (isEnd && at + END_BYTES + view(tail).getUint16(at + 20, true) === tail.length) return at;
  }
  return null;
}

interface Line {
  name: string;
  length: number;
  start: number;
  size: number;
  plain: boolean;
  isFolder: boolean;
}

function readLine(data: Uint8Array): Line {
  const numbers = view(data);
  if (data.length < 46 || numbers.getUint32(0, true) !== 0x0201_4b50) throw new NotZipError('directory');
  const nameLength = numbers.getUint16(28, true);
  const length = 46 + nameLength + numbers.getUint16(30, true) + numbers.getUint16(32, true);
  if (length > data.length) throw new NotZipError('directory');
  const name = new TextDecoder('utf-8').decode(data.subarray(46, 46 + nameLength));
  const [packed, size] = [numbers.getUint32(20, true), numbers.getUint32(24, true)];
  const encrypted = (numbers.getUint16(8, true) & 1) !== 0;
  const isLink = (numbers.getUint32(38, true) >>> 28) === 0xa;
  const plain = numbers.getUint16(10, true) === 0 && packed === size && !encrypted && !isLink;
  const isFolder = name.endsWith('/') && isName(name.slice(0, -1));
  return { name, length, start: numbers.getUint32(42, true), size, plain, isFolder };
}

async function content(file: Stretch, line: Line): Promise<Stretch | null> {
  const local = await file.read(line.start, line.start + 30);
  const numbers = view(local);
  if (local.length < 30 || numbers.getUint32(0, true) !== 0x0403_4b50) return null;
  const start = line.start + 30 + numbers.getUint16(26, true) + numbers.getUint16(28, true);
  if (start + line.size > file.size) return null;
  return { size: line.size, read: (from, to) => file.read(start + from, start + Math.min(to, line.size)) };
}
