import { describe, expect, it } from 'vitest';
import { FULL, awaitsMe, boxAt, inOrder, leftWords, nudged, sound, withKey, type Box, type Row, type SubjectRequest } from '../src/lib/subject';

describe('requests in the order of what is to be done', () => {
  const one = (id: string, at_us: number, more: Partial<SubjectRequest> = {}): SubjectRequest => ({ id, decided_us: null, closed_us: null, copies: [], due: { at_us }, ...more }) as unknown as SubjectRequest;
  const copy = { awaits_you: true } as SubjectRequest['copies'][number];

  it('has first what waits for who reads, last what is decided or closed', () => {
    const asked = one('asked', 9, { decided_us: 1, copies: [{ ...copy, awaits_you: false }, copy] });
    const over = one('over', 1, { closed_us: 5, copies: [copy] });
    const all = [over, one('late', 2), one('decided', 0, { decided_us: 1 }), asked, one('early', 1)];
    expect(inOrder(all).map(({ id }) => id)).toEqual(['asked', 'early', 'late', 'decided', 'over']);
    expect(all.filter(awaitsMe)).toEqual([asked]);
  });
});

describe('boxes drawn on pictures', () => {
  const rows: Row[] = [
    [1000, 0, 0, 1000, 1000],
    [2000, 1000, 2000, 3000, 4000],
  ];

  it('go straight from key to key and are nowhere else', () => {
    expect(boxAt(rows, 999)).toBeNull();
    expect(boxAt(rows, 1000)).toEqual([0, 0, 1000, 1000]);
    expect(boxAt(rows, 1500)).toEqual([500, 1000, 2000, 2500]);
    expect(boxAt(rows, 2000)).toEqual([1000, 2000, 3000, 4000]);
    expect(boxAt(rows, 2001)).toBeNull();
    expect(boxAt([], 5)).toBeNull();
  });

  it('take the place of the key of the same instant, in order', () => {
    const put = withKey(rows, 1000, [1, 2, 300, 400]);
    expect(put).toEqual([[1000, 1, 2, 300, 400], rows[1]]);
    expect(withKey(rows, 500, [1, 2, 300, 400]).map((one) => one[0])).toEqual([500, 1000, 2000]);
  });

  it('are always inside of the picture, the right way round, never empty', () => {
    const odd: Box[] = [[-5, -5, FULL + 9, FULL + 9], [700, 700, 200, 200], [FULL, FULL, FULL, FULL], [0, 0, 0, 0], [3.7, 2.2, 9000.4, 8000.6]];
    for (const one of odd) {
      const [left, top, right, bottom] = sound(one);
      expect(0 <= left && left < right && right <= FULL && 0 <= top && top < bottom && bottom <= FULL).toBe(true);
      expect([left, top, right, bottom].every(Number.isInteger)).toBe(true);
    }
  });

  it('keep their size when moved against an edge', () => {
    expect(nudged([0, 0, 500, 500], -100, 100, false)).toEqual([0, 100, 500, 600]);
    expect(nudged([9500, 9500, FULL, FULL], 100, 100, false)).toEqual([9500, 9500, FULL, FULL]);
    expect(nudged([0, 0, 500, 500], 100, -9000, true)).toEqual([0, 0, 600, 50]);
  });
});

describe('time that is left', () => {
  it('is told in days, then in hours', () => {
    expect(leftWords(2 * 86_400 + 3 * 3600 + 59, 'j')).toBe('2 j 3 h');
    expect(leftWords(2 * 86_400 + 3 * 3600 + 59, 'd')).toBe('2 d 3 h');
    expect(leftWords(3 * 3600 + 5 * 60, 'j')).toBe('3 h 05');
    expect(leftWords(0, 'j')).toBe('0 h 00');
  });
});
