// What the register says of a package (src/beffroi/evidence/registerproof.py).

import { type Bytes, FormatError, encode } from './bytes';
import { Fields } from './fields';
import type { Finding } from './findings';
import { type RegisterRecord, parseLeaf } from './leaf';
import { leafHash, verifyInclusion } from './merkle';
import { type Checkpoint, type Key, openNote } from './note';

export const LOG = 'proof/log.json';
export const MAX_LOG = 64 * 2 ** 20;

// what Python's int() reads
const SIZE = /^[ \t\v\f\r]*[+-]?[0-9](?:_?[0-9]){0,4000}[ \t\v\f\r]*$/;

export interface RegisterProof {
  note: Bytes;
  entries: { index: number; leaf: Bytes; path: Bytes[] }[];
}

export function parseRegister(data: Uint8Array): RegisterProof {
  const top = Fields.read(data, 'log', MAX_LOG);
  if (top.whole('format') !== 1) throw new FormatError('log.format');
  const note = top.text('checkpoint', 65_536);
  if (!SIZE.test(note.split('\n')[1] ?? '')) throw new FormatError('log.checkpoint');
  const entries = top.objects('entries').map((item) => {
    const found = { index: item.whole('index'), leaf: encode(item.text('leaf', 32_768)), path: item.hexes('path', 32) };
    item.done();
    return found;
  });
  top.done();
  return { note: encode(note), entries };
}

export interface Told {
  checkpoint: Checkpoint | null;
  records: Map<number, RegisterRecord>;
  roots: Map<string, RegisterRecord>;
  findings: Finding[];
}

export async function checkRegister(proof: RegisterProof, key: Key): Promise<Told> {
  const told: Told = { checkpoint: null, records: new Map(), roots: new Map(), findings: [] };
  const wrong = (where: string, detail: string): void => {
    told.findings.push({ kind: 'register_wrong', where, detail });
  };
  let head: Checkpoint;
  try {
    head = await openNote(proof.note, key);
  } catch (error) {
    wrong('checkpoint', error instanceof Error ? error.message : '');
    return told;
  }
  told.checkpoint = head;
  for (const { index, leaf, path } of proof.entries) {
    if (!verifyInclusion(leafHash(leaf), index, head.size, path, head.root)) {
      wrong(`entry ${index}`, 'inclusion');
      continue;
    }
    try {
      told.records.set(index, parseLeaf(leaf));
    } catch (error) {
      wrong(`entry ${index}`, error instanceof Error ? error.message : '');
    }
  }
  for (const record of told.records.values()) {
    if (record.outcome === 'chunk_closed' && record.root !== null) told.roots.set(record.root, record);
  }
  return told;
}

/** Recorded files of which the register says nothing. */
export function silent(told: Told, roots: readonly { where: string; camera: string; root: string }[]): Finding[] {
  return roots.flatMap(({ where, camera, root }): Finding[] => {
    const record = told.roots.get(root);
    if (record === undefined) return [{ kind: 'register_silent', where, detail: '' }];
    return record.camera === camera ? [] : [{ kind: 'register_wrong', where, detail: 'camera' }];
  });
}
