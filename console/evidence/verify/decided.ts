// Whether the register shows the decisions by which a package was handed over (src/beffroi/evidence/decided.py).

import type { Finding } from './findings';
import type { RegisterRecord } from './leaf';
import { MANIFEST, type Manifest } from './manifest';

export function checkDecided(manifest: Manifest, records: ReadonlyMap<number, RegisterRecord>): Finding[] {
  const findings: Finding[] = [];
  const opened = new Map([...records].filter(([, one]) => one.kind === 'view_opened' && one.act === 'extract'));
  const covering = coverings(opened.values());
  for (const { camera, from, to } of manifest.asked) {
    if (!has(covering.get(camera) ?? [], from, to)) findings.push({ kind: 'decision_silent', where: camera, detail: '' });
  }
  const found = opened.get(manifest.decision.entry);
  if (!records.has(manifest.decision.entry)) {
    findings.push({ kind: 'register_silent', where: MANIFEST, detail: '' });
  } else if (found === undefined) {
    findings.push({ kind: 'decision_silent', where: MANIFEST, detail: '' });
  } else if (found.grounds !== manifest.decision.grounds) {
    findings.push({ kind: 'statement_wrong', where: MANIFEST, detail: 'decision' });
  }
  return findings;
}

interface Reach {
  from: number;
  /** The latest end of all that begin here or before. */
  to: number;
}

function coverings(opened: Iterable<RegisterRecord>): Map<string, Reach[]> {
  const found = new Map<string, Reach[]>();
  for (const { camera, footage } of opened) {
    if (camera === null || footage === null) continue;
    const [from, to] = footage;
    const several = found.get(camera) ?? [];
    several.push({ from, to });
    found.set(camera, several);
  }
  for (const several of found.values()) {
    several.sort((a, b) => a.from - b.from);
    several.forEach((one, n) => {
      one.to = Math.max(one.to, several[n - 1]?.to ?? one.to);
    });
  }
  return found;
}

/** Whether one of them holds the whole range. */
function has(several: readonly Reach[], from: number, to: number): boolean {
  let [low, high] = [0, several.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (several[middle]!.from <= from) low = middle + 1;
    else high = middle;
  }
  return low > 0 && several[low - 1]!.to >= to;
}
