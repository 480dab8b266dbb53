// The verification as the page shows it.

import { utf8 } from '../verify/bytes';
import { type Key, parseKey, parseWitness } from '../verify/note';
import { type Package, readWhole } from '../verify/package';
import { type Keys, type Report, verifyPackage } from '../verify/verify';

export const KEYS = 'verify/keys.txt';
const EVIDENCE = 'beffroi/evidence';

export type State = 'idle' | 'running' | 'no_keys' | 'bad_key' | 'failed' | 'done';

export class Check {
  state = $state<State>('idle');
  progress = $state(0);
  report = $state.raw<Report | null>(null);
  keys = $state.raw<Keys | null>(null);
  /** Whether the keys come out of the package itself. */
  weak = $state(true);

  constructor(readonly given: Package) {}

  /** Verify with the keys of the package, or with those that were pasted. */
  async run(pasted: { evidence: string; register: string } | null = null): Promise<void> {
    this.report = null;
    this.progress = 0;
    try {
      const beside = await this.#beside();
      const evidence = pasted === null ? beside.evidence : parseKey(pasted.evidence);
      const register = pasted === null ? beside.register : parseKey(pasted.register);
      this.keys = evidence === undefined || register === undefined ? null : { evidence, register, witnesses: beside.witnesses };
    } catch {
      this.state = 'bad_key';
      return;
    }
    this.weak = pasted === null;
    if (this.keys === null) {
      this.state = 'no_keys';
      return;
    }
    this.state = 'running';
    try {
      let told = performance.now();
      this.report = await verifyPackage(this.given, this.keys, (part) => {
        if (performance.now() - told < 50) return;
        told = performance.now();
        this.progress = part;
      });
      this.state = 'done';
    } catch {
      this.state = 'failed'; // nothing is proven: neither green nor silent
    }
  }

  async #beside(): Promise<{ evidence: Key | undefined; register: Key | undefined; witnesses: Key[] }> {
    const raw = await readWhole(this.given, KEYS, 65_536);
    const lines = (raw === null ? '' : readable(raw)).split('\n');
    const signers = lines.flatMap((line) => parsed(line, parseKey));
    return {
      evidence: signers.find((key) => key.name === EVIDENCE),
      register: signers.find((key) => key.name !== EVIDENCE),
      witnesses: lines.flatMap((line) => parsed(line, parseWitness)),
    };
  }
}

/** A line may be a key of another kind, or nonsense: the verdict does not rest on it. */
function parsed(line: string, read: (text: string) => Key): Key[] {
  try {
    return [read(line)];
  } catch {
    return [];
  }
}

function readable(raw: Uint8Array): string {
  try {
    return utf8(raw);
  } catch {
    return '';
  }
}
