// A zip of a package, stored as it is (ISO/IEC 21320-1 without compression): found by its central directory.

import { view } from './bytes';
import { type Package, type Stretch, gather, isName } from './package';

const END_BYTES = 22;
const MAX_DIRECTORY = 64 * 2 ** 20;

export class NotZipError extends Error {}

export async function openZip(file: Stretch): Promise<Package> {
  const endAt = file.size - END_BYTES;
  const tail = await file.read(Math.max(0, endAt), file.size);
  if (!isEnd(tail)) throw new NotZipError('no directory');
  const numbers = view(tail);
  const [count, size, start] = [numbers.getUint16(10, true), numbers.getUint32(12, true), numbers.getUint32(16, true)];
  // beyond 4 GiB or 65,535 files (zip64), in several parts, or with something before it: unpack it instead
  if (count === 0xffff || start === 0xffff_ffff || start + size !== endAt || size > MAX_DIRECTORY) {
    throw new NotZipError('another kind of zip');
  }
  const directory = await file.read(start, start + size);
  const found: [string, Stretch | null][] = [];
  const spans: Span[] = [];
  let at = 0;
  while (at < directory.length) {
    const line = readLine(directory.subarray(at));
    at += line.length;
    const local = await localOf(file, line);
    if (local !== null) spans.push({ from: line.start, to: local.at + line.packed });
    if (!line.isFolder) found.push([line.name, content(file, line, local)]);
  }
  if (found.length > count) throw new NotZipError('directory');
  const made = gather(found);
  if (made.strange.length === 0) checkNoMore(spans, start);
  return made;
}

/** The end of the directory, without a comment. */
function isEnd(tail: Uint8Array): boolean {
  return tail.length === END_BYTES && view(tail).getUint32(0, true) === 0x0605_4b50 && view(tail).getUint16(20, true) === 0;
}

interface Span {
  from: number;
  to: number;
}

/** Every byte is a file's, the directory's or the end's: another program may unpack what the rest hides. */
function checkNoMore(spans: readonly Span[], directoryAt: number): void {
  let at = 0;
  for (const span of spans.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (span.from !== at) throw new NotZipError('bytes that no file has');
    at = span.to;
  }
  if (at !== directoryAt) throw new NotZipError('bytes that no file has');
}

interface Line {
  name: string;
  written: Uint8Array;
  packed: number;
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
  const written = data.slice(46, 46 + nameLength);
  const name = new TextDecoder('utf-8').decode(written);
  const [packed, size] = [numbers.getUint32(20, true), numbers.getUint32(24, true)];
  const encrypted = (numbers.getUint16(8, true) & 1) !== 0;
  const isLink = (numbers.getUint32(38, true) >>> 28) === 0xa;
  const plain = numbers.getUint16(10, true) === 0 && packed === size && !encrypted && !isLink;
  const isFolder = name.endsWith('/') && isName(name.slice(0, -1));
  return { name, written, packed, length, start: numbers.getUint32(42, true), size, plain, isFolder };
}

interface Local {
  /** Where the bytes of the file begin. */
  at: number;
  sameName: boolean;
}

/** What stands in front of a file; some programs unpack by it and never read the directory. */
async function localOf(file: Stretch, line: Line): Promise<Local | null> {
  const local = await file.read(line.start, line.start + 30);
  if (local.length < 30 || view(local).getUint32(0, true) !== 0x0403_4b50) return null;
  const [nameLength, extra] = [view(local).getUint16(26, true), view(local).getUint16(28, true)];
  const nameAt = line.start + 30;
  const name = await file.read(nameAt, nameAt + nameLength);
  const sameName = name.length === line.written.length && name.every((byte, at) => byte === line.written[at]);
  return { at: nameAt + nameLength + extra, sameName };
}

function content(file: Stretch, line: Line, local: Local | null): Stretch | null {
  if (local === null || !local.sameName || !line.plain || local.at + line.size > file.size) return null;
  const start = local.at;
  return { size: line.size, read: (from, to) => file.read(start + from, start + Math.min(to, line.size)) };
}
