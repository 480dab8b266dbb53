// The verification as the page shows it.

import { utf8 } from '../verify/bytes';
import { type Key, parseKey } from '../verify/note';
import { type Package, readWhole } from '../verify/package';
import { type Report, verifyPackage } from '../verify/verify';

export const KEYS = 'verify/keys.txt';
const EVIDENCE = 'beffroi/evidence';

export type State = 'idle' | 'running' | 'no_keys' | 'bad_key' | 'failed' | 'done';

export class Check {
  state = $state<State>('idle');
  progress = $state(0);
  report = $state.raw<Report | null>(null);
  keys = $state.raw<{ evidence: Key; register: Key } | null>(null);
  /** Whether the keys come out of the package itself. */
  weak = $state(true);

  constructor(readonly given: Package) {}

  /** Verify with the keys of the package, or with those that were pasted. */
  async run(pasted: { evidence: string; register: string } | null = null): Promise<void> {
    this.report = null;
    this.progress = 0;
    try {
      this.keys = pasted === null ? await this.#beside() : { evidence: parseKey(pasted.evidence), register: parseKey(pasted.register) };
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

  async #beside(): Promise<{ evidence: Key; register: Key } | null> {
    const raw = await readWhole(this.given, KEYS, 65_536);
    const found = (raw === null ? '' : readable(raw)).split('\n').flatMap((line) => {
      try {
        return [parseKey(line)];
      } catch {
        return []; // a witness's key of another kind, or nonsense: the verdict does not rest on it
      }
    });
    const evidence = found.find((key) => key.name === EVIDENCE);
    const register = found.find((key) => key.name !== EVIDENCE);
    return evidence === undefined || register === undefined ? null : { evidence, register };
  }
}

function readable(raw: Uint8Array): string {
  try {
    return utf8(raw);
  } catch {
    return '';
  }
}
