// Verifying a package offline: the second implementation, with the steps, findings and verdicts of
// src/beffroi/evidence/verify.py. Nothing that a package says of itself is believed before it is shown.

import { FormatError, same, toHex } from './bytes';
import type { Header } from './chunk';
import { checkDecided } from './decided';
import { DerError } from './der';
import { type Finding, type Kind, type Verdict, verdictOf } from './findings';
import { checkFile } from './frames';
import { type Range, untold } from './holes';
import { MANIFEST, MAX_MANIFEST, type Manifest, type MediaFile, SIGNATURE, TIMESTAMP, parseManifest } from './manifest';
import { type Key, sealText, signedBy, splitNote } from './note';
import { type Package, fileHash, readWhole } from './package';
import { type FileProof, MAX_PROOF, headersOf, parseProof } from './proof';
import { LOG, MAX_LOG, checkRegister, parseRegister, silent } from './register';
import { sha256 } from './sha256';
import { MAX_TOKEN, StampRefused, readStamp } from './timestamp';
import type { Told } from './told';
import { checkWitnesses } from './witnessed';

export interface Report {
  verdict: Verdict;
  findings: Finding[];
  files: number;
  /** Pictures of the files whose proof holds. */
  frames: number;
  told: Told[];
  manifest: Manifest | null;
}

export interface Keys {
  evidence: Key;
  register: Key;
  witnesses: readonly Key[];
}

/** Part of the work that is done, from 0 to 1. */
export type Progress = (part: number) => void;

const LEAD_IN_US = 20_000_000;
const OUTSIDE = new Set([MANIFEST, SIGNATURE, TIMESTAMP]);

export async function verifyPackage(given: Package, keys: Keys, progress: Progress = () => {}): Promise<Report> {
  const raw = await readWhole(given, MANIFEST, MAX_MANIFEST);
  if (raw === null) return nothing({ kind: 'manifest_missing', where: '', detail: '' });
  let manifest: Manifest;
  try {
    manifest = parseManifest(raw);
  } catch (error) {
    return nothing({ kind: 'manifest_malformed', where: '', detail: reason(error) });
  }
  return new Verification(given, manifest, raw, progress).run(keys);
}

function nothing(found: Finding): Report {
  return { verdict: verdictOf([found]), findings: [found], files: 0, frames: 0, told: [], manifest: null };
}

function reason(error: unknown): string {
  return error instanceof FormatError || error instanceof SyntaxError ? error.message.slice(0, 200) : 'unreadable';
}

class Verification {
  readonly #found: Finding[] = [];
  readonly #told: Told[] = [];
  readonly #bad = new Set<string>();
  readonly #roots: { where: string; camera: string; root: string }[] = [];
  readonly #held = new Map<string, Range[]>();
  readonly #asked = new Map<string, Range[]>();
  readonly #scopes: ReadonlySet<string>;
  readonly #whole: number;
  #done = 0;
  #frames = 0;

  constructor(
    readonly given: Package,
    readonly manifest: Manifest,
    readonly raw: Uint8Array,
    readonly progress: Progress,
  ) {
    for (const { camera, from, to } of manifest.asked) this.#add(this.#asked, camera, { from, to });
    this.#scopes = new Set(manifest.asked.map((one) => scope(one.camera, one)));
    const size = (names: string[]): number => names.reduce((sum, name) => sum + (given.files.get(name)?.size ?? 0), 0);
    const media = manifest.files.map((file) => file.path);
    this.#whole = size(media) * 2 + size(manifest.others.map((file) => file.path));
  }

  async run(keys: Keys): Promise<Report> {
    await this.#seal(keys.evidence);
    await this.#files();
    for (const file of this.manifest.files) await this.#media(file);
    await this.#register(keys);
    await this.#stamp();
    this.#holes();
    this.progress(1);
    const findings = distinct(this.#found);
    const { manifest } = this;
    return { verdict: verdictOf(findings), findings, files: this.given.files.size, frames: this.#frames, told: this.#told, manifest };
  }

  #find(kind: Kind, where = '', detail = ''): void {
    this.#found.push({ kind, where, detail });
  }

  #advance = (bytes: number): void => {
    this.#done += bytes;
    this.progress(Math.min(0.999, this.#done / Math.max(1, this.#whole)));
  };

  async #seal(key: Key): Promise<void> {
    const note = await readWhole(this.given, SIGNATURE, 65_536);
    if (note === null) return this.#find('signature_missing');
    let split;
    try {
      split = splitNote(note);
    } catch {
      return this.#find('signature_wrong');
    }
    if (split.text !== sealText(this.raw)) return this.#find('signature_wrong');
    const ours = split.signatures.find(([name, sig]) => name === key.name && same(sig.subarray(0, 4), key.id));
    if (ours === undefined) {
      const names = [...new Set(split.signatures.map(([name]) => name))].toSorted().join(', ');
      return this.#find('key_unknown', '', names.slice(0, 200));
    }
    if (!(await signedBy(split.text, ours[1].subarray(4), key))) this.#find('signature_wrong');
  }

  async #files(): Promise<void> {
    const named = [...this.manifest.files, ...this.manifest.others];
    for (const { path, sha256 } of named) {
      const file = this.given.files.get(path);
      if (file === undefined) {
        this.#bad.add(path);
        this.#find('file_missing', path);
      } else if (toHex(await fileHash(file, this.#advance)) !== sha256) {
        this.#bad.add(path);
        this.#find('file_altered', path);
      }
    }
    const known = new Set([...named.map((file) => file.path), ...OUTSIDE]);
    for (const name of this.given.files.keys()) if (!known.has(name)) this.#find('file_stray', name);
    for (const name of this.given.strange) this.#find('file_stray', name);
  }

  async #media(file: MediaFile): Promise<void> {
    const raw = await readWhole(this.given, file.proof, MAX_PROOF);
    if (raw === null) {
      if (!this.#bad.has(file.proof)) this.#find('file_missing', file.proof);
      return;
    }
    let proof: FileProof;
    try {
      proof = parseProof(raw);
    } catch (error) {
      return this.#find('proof_malformed', file.proof, reason(error));
    }
    const clear = this.given.files.get(file.path);
    if (clear !== undefined) {
      const wrong = await checkFile(file.path, clear, proof, this.#advance);
      this.#found.push(...wrong);
      if (wrong.length === 0) this.#frames += proof.fragments.reduce((sum, { entry }) => sum + entry.frames, 0);
    }
    this.#scope(file, proof);
  }

  /** The pictures are of the camera that the statement says, and of the minutes that were asked. */
  #scope(file: MediaFile, proof: FileProof): void {
    let headers;
    try {
      headers = headersOf(proof);
    } catch {
      return; // `checkFile` says so
    }
    proof.chunks.forEach((chunk, n) => {
      this.#roots.push({ where: file.path, camera: file.camera, root: toHex(chunk.root) });
      const { camera, stream } = headers[n]!;
      if (camera !== file.camera || stream !== file.stream) this.#find('out_of_scope', file.path);
    });
    const wrong = misstated(file, this.given.files.get(file.path)?.size ?? file.bytes, proof, headers[0]!);
    if (wrong !== '') this.#find('statement_wrong', file.path, wrong);
    if (!this.#scopes.has(scope(file.camera, proof))) this.#find('out_of_scope', file.path);
    const near = { from: Math.max(0, proof.from - LEAD_IN_US), to: proof.to };
    for (const { entry } of proof.fragments) {
      const own = { from: entry.wallUs, to: Math.max(entry.wallUs, entry.endUs) };
      this.#add(this.#held, file.camera, own);
      if (!(own.from < near.to && near.from < own.to)) this.#find('out_of_scope', file.path);
    }
  }

  async #register(keys: Keys): Promise<void> {
    const raw = await readWhole(this.given, LOG, MAX_LOG);
    if (raw === null) return this.#find('register_silent', MANIFEST);
    let proof;
    try {
      proof = parseRegister(raw);
    } catch (error) {
      return this.#find('proof_malformed', LOG, reason(error));
    }
    const told = await checkRegister(proof, keys.register);
    this.#found.push(...told.findings);
    if (told.checkpoint === null) return;
    this.#found.push(...silent(told, this.#roots));
    this.#found.push(...checkDecided(this.manifest, told.records));
    const witnessed = await checkWitnesses(proof.note, keys.witnesses, [keys.evidence, keys.register]);
    this.#found.push(...witnessed.findings);
    this.#told.push(witnessed.told);
  }

  async #stamp(): Promise<void> {
    if (!this.given.files.has(TIMESTAMP)) {
      this.#told.push({ kind: 'no_timestamp', detail: '' });
      return;
    }
    let stamp;
    try {
      const raw = await readWhole(this.given, TIMESTAMP, MAX_TOKEN);
      if (raw === null) throw new DerError('TimeStampResp');
      stamp = await readStamp(raw);
    } catch (error) {
      if (error instanceof DerError) return this.#find('timestamp_malformed', TIMESTAMP, error.message);
      if (error instanceof StampRefused) return this.#find('timestamp_refused', TIMESTAMP, error.message);
      throw error;
    }
    if (!same(stamp.imprint, sha256(this.raw))) return this.#find('timestamp_wrong', TIMESTAMP);
    this.#told.push({ kind: 'timestamp_claimed', detail: stamp.time });
  }

  #holes(): void {
    for (const { camera, from, to } of this.manifest.gaps) this.#add(this.#held, camera, { from, to });
    for (const [camera, asked] of this.#asked) {
      for (const hole of untold(asked, this.#held.get(camera) ?? [])) {
        this.#find('gap_untold', camera, `${hole.from}-${hole.to}`);
      }
    }
  }

  #add(to: Map<string, Range[]>, camera: string, one: Range): void {
    const found = to.get(camera);
    if (found === undefined) to.set(camera, [one]);
    else found.push(one);
  }
}

/** What the statement says otherwise than the pictures and what their recorder wrote of them. */
function misstated(file: MediaFile, bytes: number, { fragments }: FileProof, { codec, width, height }: Header): string {
  const from = fragments[0]!.entry.wallUs;
  const to = fragments.reduce((most, { entry }) => Math.max(most, entry.endUs), from);
  const frames = fragments.reduce((sum, { entry }) => sum + entry.frames, 0);
  const shown = { bytes, codec, width, height, from, to, frames };
  return Object.entries(shown).flatMap(([name, value]) => (file[name as keyof typeof shown] === value ? [] : [name])).join(', ');
}

function scope(camera: string, { from, to }: Range): string {
  return `${from}-${to} ${camera}`;
}

function distinct(findings: readonly Finding[]): Finding[] {
  const kept = new Map(findings.map((one) => [JSON.stringify([one.kind, one.where, one.detail]), one]));
  return [...kept].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, found]) => found);
}
