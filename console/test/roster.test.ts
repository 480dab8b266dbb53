import { describe, expect, it } from 'vitest';
import { ApiError } from '../src/lib/api';
import { byDay, obstaclesOf, spanOf, type Shift } from '../src/lib/roster';

describe('the times of a shift', () => {
  it('are legal time', () => {
    expect(spanOf('2026-03-02', '8:00', '12h30')).toEqual({ starts: '2026-03-02T07:00:00.000Z', ends: '2026-03-02T11:30:00.000Z' });
  });
  it('end the day after when the end is not after the start', () => {
    expect(spanOf('2026-03-02', '20:00', '06:00')).toEqual({ starts: '2026-03-02T19:00:00.000Z', ends: '2026-03-03T05:00:00.000Z' });
    expect(spanOf('2026-12-31', '22h', '6h')).toEqual({ starts: '2026-12-31T21:00:00.000Z', ends: '2027-01-01T05:00:00.000Z' });
  });
  it('last an hour less or more when the clocks change', () => {
    const hours = (span: { starts: string; ends: string } | null): number =>
      span ? (Date.parse(span.ends) - Date.parse(span.starts)) / 3_600_000 : 0;
    expect(hours(spanOf('2026-03-28', '20:00', '06:00'))).toBe(9);
    expect(hours(spanOf('2026-10-24', '20:00', '06:00'))).toBe(11);
  });
  it.each([['2026-03-02', '25:00', '06:00'], ['2026-03-02', '20:61', '06:00'], ['2026-03-02', 'soir', '06:00'], ['', '20:00', '06:00']])(
    'refuse what is no time: %s %s %s',
    (day, from, to) => expect(spanOf(day, from, to)).toBeNull(),
  );
});

describe('the page', () => {
  it('gathers shifts by the legal day on which they start', () => {
    const shift = (id: string, starts: string): Shift => ({ id, person: 'a', name: { fr: 'a', en: 'a' }, communes: [], starts, ends: starts, now: false });
    const days = byDay([shift('1', '2026-03-02T22:59:00Z'), shift('2', '2026-03-02T23:00:00Z'), shift('3', '2026-03-03T10:00:00Z')]);
    expect(days.map(({ day, shifts }) => [day, shifts.length])).toEqual([['2026-03-02', 1], ['2026-03-03', 2]]);
  });
});

describe('a refusal', () => {
  it('gives its obstacles, and nothing for another error', () => {
    const text = { fr: 'non', en: 'no' };
    expect(obstaclesOf(new ApiError(409, 'shift-refused', text, null, { obstacles: [{ commune: 'X' }] }))).toEqual([{ commune: 'X' }]);
    for (const body of [null, {}, { obstacles: 'x' }]) expect(obstaclesOf(new ApiError(409, 'x', text, null, body))).toEqual([]);
    expect(obstaclesOf(new Error('x'))).toEqual([]);
  });
});
