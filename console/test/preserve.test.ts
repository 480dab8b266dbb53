import { describe, expect, it } from 'vitest';
import { meant, preserves, stateOf, type Kept } from '../src/lib/preserve';
import type { Me } from '../src/lib/types';

const MIN = 60e6;
const files = (held: number, growing = 0, waiting = 0, refused = 0, damaged = 0): Kept['files'] => ({ held, growing, waiting, refused, damaged, past_term: 0 });
const kept = (complete: boolean, of: Kept['files']): Kept => ({ complete, files: of }) as Kept;

describe('the minutes meant in a replay', () => {
  it('are those between the marks', () => expect(meant(1, 5, 99)).toEqual({ fromUs: 1, toUs: 5 }));
  it('go from one mark to the playhead', () => {
    expect(meant(10, null, 30)).toEqual({ fromUs: 10, toUs: 30 });
    expect(meant(null, 40, 30)).toEqual({ fromUs: 30, toUs: 40 });
  });
  it('are around the playhead without a mark, or with one on the wrong side', () => {
    const around = { fromUs: 100 * MIN - 5 * MIN, toUs: 100 * MIN + 5 * MIN };
    expect(meant(null, null, 100 * MIN)).toEqual(around);
    expect(meant(101 * MIN, null, 100 * MIN)).toEqual(around);
    expect(meant(null, 99 * MIN, 100 * MIN)).toEqual(around);
  });
});

describe('what a line says', () => {
  it('never says held while something is not', () => {
    expect(stateOf(kept(true, files(2)))).toBe('held');
    expect(stateOf(kept(false, files(2, 1)))).toBe('coming');
    expect(stateOf(kept(false, files(2)))).toBe('coming');
    expect(stateOf(kept(true, files(0)))).toBe('none');
    expect(stateOf(kept(false, files(2, 0, 1)))).toBe('trouble');
    expect(stateOf(kept(true, files(2, 0, 0, 1)))).toBe('trouble');
    expect(stateOf(kept(true, files(2, 0, 0, 0, 1)))).toBe('damaged');
  });
});

describe('who may preserve', () => {
  const me = (role: string, tools: string[]): Me => ({ role, tools }) as unknown as Me;
  it('is who keeps the desk, not who controls it', () => {
    expect(preserves(me('operator', ['desk']))).toBe(true);
    expect(preserves(me('operator', ['wall']))).toBe(false);
    expect(preserves(me('dpo', ['desk']))).toBe(false);
    expect(preserves(me('inspector', ['desk']))).toBe(false);
    expect(preserves(null)).toBe(false);
  });
});
