// Whether a clear file is exactly what its proof says was recorded (src/beffroi/evidence/frames.py): the clear pictures
// are encrypted again, hashed, and followed up to the recorded file's root; the clear file's head, order and times are
// computed anew.

import { walk } from './boxes';
import { type Bytes, join, same, view } from './bytes';
import { applyAll, contentKey } from './cenc';
import { readHead } from './chunk';
import type { Finding } from './findings';
import { readFragment } from './fragment';
import { readConfig } from './head';
import { type Layout, type Selection, anchorOf, layOut, select } from './layout';
import { leafHash, verifyInclusion } from './merkle';
import type { Stretch } from './package';
import { type FileProof, headersOf } from './proof';
import { digest, sha256 } from './sha256';

const PRIVATE = new Set(['uuid', 'free']);
const TABLES = new Set(['saiz', 'saio', 'senc']);

export type Done = (bytes: number) => void;

export async function checkFile(name: string, clear: Stretch, proof: FileProof, done: Done): Promise<Finding[]> {
  try {
    const found = [...checkChunks(name, proof), ...checkPaths(name, proof)];
    return found.length > 0 ? found : await new FileCheck(name, clear, proof).run(done);
  } catch (error) {
    return [{ kind: 'proof_wrong', where: name, detail: error instanceof Error ? error.message : '' }];
  }
}

function* checkChunks(where: string, proof: FileProof): Generator<Finding> {
  for (const [n, chunk] of proof.chunks.entries()) {
    const leaf = leafHash(sha256(chunk.head));
    if (!verifyInclusion(leaf, 0, chunk.leaves, chunk.headPath, chunk.root)) {
      yield { kind: 'proof_wrong', where, detail: `head ${n}` };
    }
  }
}

function* checkPaths(where: string, proof: FileProof): Generator<Finding> {
  for (const [n, fragment] of proof.fragments.entries()) {
    const chunk = proof.chunks[fragment.chunk]!;
    const leaf = leafHash(fragment.entry.packed);
    const right = verifyInclusion(leaf, fragment.leaf, chunk.leaves, fragment.path, chunk.root);
    if (fragment.leaf === 0 || !right) yield { kind: 'proof_wrong', where, detail: `group ${n}` };
  }
}

class FileCheck {
  readonly #keys = new Map<number, Promise<CryptoKey>>();

  constructor(
    readonly name: string,
    readonly clear: Stretch,
    readonly proof: FileProof,
  ) {}

  async run(done: Done): Promise<Finding[]> {
    const { fragments } = this.proof;
    const altered: Finding = { kind: 'head_altered', where: this.name, detail: '' };
    const places = [this.clear.size - fragments.reduce((sum, one) => sum + one.entry.length, 0)];
    if (places[0]! <= 0) return [altered];
    for (const one of fragments) places.push(places.at(-1)! + one.entry.length);
    const selection = this.#selection();
    const anchor = anchorOf(selection.steps, this.proof.from);
    const piece = (n: number): Promise<Bytes> => this.clear.read(places[n]!, places[n + 1]!);
    const stored = await this.#stored(await piece(anchor), anchor);
    let layout: Layout | null = null;
    if (stored !== null) {
      const chunk = this.proof.chunks[selection.steps[anchor]!.source]!;
      const config = readConfig(chunk.head.subarray(0, readHead(chunk.head).initEnd));
      layout = layOut(selection, this.proof.from, config, stored);
      if (!same(layout.head, await this.clear.read(0, places[0]!))) return [altered];
    }
    const found: Finding[] = [];
    for (const n of fragments.keys()) {
      const given = await piece(n);
      const again = await this.#stored(given, n);
      if (again === null || (layout !== null && !isClear(given, again, n + 1, layout.bases90k[n]!))) {
        found.push({ kind: 'frames_altered', where: this.name, detail: String(n) });
      }
      done(given.length);
    }
    return found;
  }

  /** The same choice as when the file was laid out; anything else than that is not what was asked. */
  #selection(): Selection {
    const { chunks, fragments, from, to } = this.proof;
    const headers = headersOf(this.proof);
    const sources = chunks.map((_, chunk) => ({
      header: headers[chunk]!,
      entries: fragments.filter((one) => one.chunk === chunk).map((one) => one.entry),
    }));
    const selection = select(sources, from, to);
    const { steps } = selection;
    const asLaidOut = fragments.every((one, n) => steps[n] !== undefined && same(steps[n].entry.packed, one.entry.packed));
    if (!asLaidOut || steps.length !== fragments.length) throw new Error('order');
    return selection;
  }

  /** The stored bytes behind a clear fragment, when they are those of the index. */
  async #stored(given: Bytes, number: number): Promise<Bytes | null> {
    const fragment = this.proof.fragments[number]!;
    const stored = await this.#storedAgain(given, number);
    return stored !== null && same(await digest(stored), fragment.entry.sha256) ? stored : null;
  }

  async #storedAgain(given: Bytes, number: number): Promise<Bytes | null> {
    const { moof, tail, chunk } = this.proof.fragments[number]!;
    const body = given.subarray(moof.length, Math.max(moof.length, given.length - tail.length));
    if (body.length < 8 || view(body).getUint32(0) !== body.length || body[4] !== 0x6d) return null;
    const out = join(moof, body, tail);
    let samples;
    try {
      ({ samples } = readFragment(out.subarray(0, moof.length + body.length)));
    } catch {
      return null;
    }
    if (samples.some((sample) => sample.iv.length === 0)) return null;
    await applyAll(out, samples, await this.#key(chunk));
    return out;
  }

  #key(chunk: number): Promise<CryptoKey> {
    const found = this.#keys.get(chunk) ?? contentKey(this.proof.chunks[chunk]!.key);
    this.#keys.set(chunk, found);
    return found;
  }
}

/** Whether `given` is the clear form of `stored`. Its pictures made `stored`, so they are: the rest is compared. */
function isClear(given: Bytes, stored: Bytes, sequence: number, base90k: number): boolean {
  const [moof, mdat, ...more] = walk(stored);
  if (moof === undefined || mdat === undefined || more.some((item) => !PRIVATE.has(item.kind))) {
    throw new Error('not one fragment');
  }
  const expected = stored.slice();
  expected.set(given.subarray(mdat.body, mdat.end), mdat.body);
  const put = view(expected);
  for (const item of walk(stored, moof.body, moof.end)) {
    if (item.kind === 'mfhd') put.setUint32(item.body + 4, sequence);
    if (item.kind !== 'traf') continue;
    for (const inner of walk(stored, item.body, item.end)) {
      if (inner.kind === 'tfdt') put.setBigUint64(inner.body + 4, BigInt(base90k));
      if (TABLES.has(inner.kind)) free(expected, inner);
    }
  }
  for (const item of more) free(expected, item);
  return same(given, expected);
}

function free(out: Bytes, item: { start: number; end: number }): void {
  out.fill(0, item.start + 4, item.end);
  out.set([0x66, 0x72, 0x65, 0x65], item.start + 4);
}
