// Who outside of the centre stands behind a checkpoint (src/beffroi/evidence/witnessed.py): C2SP tlog-cosignature.

import { type Bytes, same, toHex, view } from './bytes';
import type { Finding } from './findings';
import { type Key, signedBy, splitNote } from './note';
import type { Told } from './told';

const LENGTH = 4 + 8 + 64;

/** Each key once, under the first name that is given it; the centre's own keys are nobody outside. */
function outside(named: readonly Key[], own: readonly Key[]): Key[] {
  const kept = new Map<string, Key>();
  for (const key of named) if (!kept.has(toHex(key.raw))) kept.set(toHex(key.raw), key);
  for (const key of own) kept.delete(toHex(key.raw));
  return [...kept.values()];
}

export async function checkWitnesses(note: Bytes, named: readonly Key[], own: readonly Key[]): Promise<{ findings: Finding[]; told: Told }> {
  const witnesses = outside(named, own);
  const findings: Finding[] = [];
  const names: string[] = [];
  const { text, signatures } = splitNote(note);
  for (const witness of witnesses) {
    const own = signatures.filter(([name, raw]) => name === witness.name && same(raw.subarray(0, 4), witness.id));
    const held = await Promise.all(own.map(([, raw]) => holds(text, raw, witness)));
    if (held.includes(false)) findings.push({ kind: 'witness_wrong', where: witness.name, detail: '' });
    else if (held.length > 0) names.push(witness.name);
  }
  if (names.length === 0) return { findings, told: { kind: 'no_witness', detail: '' } };
  const detail = `${names.length}/${witnesses.length} (${names.toSorted().join(', ')})`;
  return { findings, told: { kind: 'witnessed', detail } };
}

async function holds(text: string, raw: Bytes, witness: Key): Promise<boolean> {
  if (raw.length !== LENGTH) return false;
  const time = view(raw).getBigUint64(4);
  return signedBy(`cosignature/v1\ntime ${time}\n${text}`, raw.subarray(12), witness);
}
