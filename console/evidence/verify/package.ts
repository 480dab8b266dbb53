// A package as somebody hands it over: names are checked before anything is read (src/beffroi/evidence/folder.py).

import type { Bytes } from './bytes';
import { Sha256 } from './sha256';

/** A file that can be read anywhere. */
export interface Stretch {
  readonly size: number;
  read(from: number, to: number): Promise<Bytes>;
}

export interface Package {
  readonly files: ReadonlyMap<string, Stretch>;
  /** Names or kinds of file that no package has. */
  readonly strange: readonly string[];
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,120}){0,3}$/;
const BLOCK = 2 ** 20;
const MAX_FILES = 20_000;

/** Plain letters, no hidden file, nothing that leads out of it. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

export function gather(found: Iterable<readonly [string, Stretch | null]>): Package {
  const files = new Map<string, Stretch>();
  const strange: string[] = [];
  for (const [name, file] of found) {
    if (file === null || !isName(name) || files.has(name) || files.size >= MAX_FILES) strange.push(name.slice(0, 200));
    else files.set(name, file);
  }
  return { files, strange: strange.toSorted() };
}

/** The whole file; null when it is not there or longer than `most`. */
export async function readWhole(from: Package, name: string, most: number): Promise<Bytes | null> {
  const file = from.files.get(name);
  return file === undefined || file.size > most ? null : file.read(0, file.size);
}

export async function fileHash(file: Stretch, done: (bytes: number) => void): Promise<Bytes> {
  const hasher = new Sha256();
  for (let at = 0; at < file.size; at += BLOCK) {
    const data = await file.read(at, Math.min(at + BLOCK, file.size));
    if (data.length === 0) break; // cut meanwhile: its hash says so
    hasher.update(data);
    done(data.length);
  }
  return hasher.digest();
}

export function blobStretch(blob: Blob): Stretch {
  return {
    size: blob.size,
    read: async (from, to) => new Uint8Array(await blob.slice(from, to).arrayBuffer()),
  };
}
