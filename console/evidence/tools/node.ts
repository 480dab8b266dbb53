// The viewer's verifier outside of the browser, for tests and benches: one question a line on standard input
// ({path, evidence, register, witnesses}; or {inclusion}: a proof of the register alone), one answer a line.

import { lstatSync, openSync, readSync, closeSync, readdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SENTENCES } from '../verify/findings';
import * as lists from '../verify/lists';
import { verifyInclusion } from '../verify/merkle';
import { parseKey, parseWitness } from '../verify/note';
import { TOLD } from '../verify/told';
import { type Package, type Stretch, gather } from '../verify/package';
import { verifyPackage } from '../verify/verify';
import { openZip } from '../verify/zip';
import { CAUSES } from '../viewer/causes';

function onDisk(path: string, size: number): Stretch {
  return {
    size,
    read: async (from, to) => {
      const out = new Uint8Array(Math.max(0, Math.min(to, size) - from));
      const fd = openSync(path, 'r');
      try {
        return out.subarray(0, readSync(fd, out, 0, out.length, from));
      } finally {
        closeSync(fd);
      }
    },
  };
}

function* folder(root: string, under = ''): Generator<[string, Stretch | null]> {
  for (const name of readdirSync(`${root}/${under}`).toSorted()) {
    const [path, relative] = [`${root}/${under}${name}`, under + name];
    const status = lstatSync(path);
    if (status.isDirectory()) yield* folder(root, `${relative}/`);
    else yield [relative, status.isFile() ? onDisk(path, status.size) : null];
  }
}

async function open(path: string): Promise<Package> {
  const status = statSync(path);
  return status.isDirectory() ? gather(folder(path)) : openZip(onDisk(path, status.size));
}

interface Inclusion { leafIdx: number; treeSize: number; leafHash: string; root: string; proof: string[] | null }

function holds(asked: Inclusion): boolean {
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
  const proof = (asked.proof ?? []).map(bytes);
  return verifyInclusion(bytes(asked.leafHash), asked.leafIdx, asked.treeSize, proof, bytes(asked.root));
}

async function answer(line: string): Promise<unknown> {
  const { path, evidence, register, witnesses, inclusion } = JSON.parse(line) as Record<string, string>;
  if (inclusion !== undefined) return { holds: holds(JSON.parse(inclusion) as Inclusion) };
  if (path === undefined) {
    return { sentences: SENTENCES, told: TOLD, causes: CAUSES, lists: Object.fromEntries(Object.entries(lists).map(([name, set]) => [name, [...set]])) };
  }
  const keys = { evidence: parseKey(evidence ?? ''), register: parseKey(register ?? ''), witnesses: (witnesses ?? '').split(' ').filter(Boolean).map(parseWitness) };
  const start = performance.now();
  let found: Package;
  try {
    found = await open(path);
  } catch {
    found = gather([]);
  }
  const { manifest: _, ...report } = await verifyPackage(found, keys);
  return { ...report, seconds: (performance.now() - start) / 1000 };
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(await answer(line)));
  } catch (error) {
    console.log(JSON.stringify({ crashed: String(error) }));
  }
}
