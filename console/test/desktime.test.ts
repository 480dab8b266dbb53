import { describe, expect, it } from 'vitest';
import { coordinates, isSummer, readings, timeOfDay, today, typedWithin, understand, type Said } from '../src/lib/desktime';
import { civil } from '../src/lib/time';

const us = (iso: string): number => Date.parse(iso) * 1000;
const said = (day: string, from: string, to = '', more: Partial<Said> = {}): Said => ({ day, from, to, margin: 0, which: { from: null, to: null }, ...more });

describe('a time of day as it is said', () => {
  it('is read however it is written', () => {
    for (const typed of ['2h30', '02:30', '0230', '2 h 30', '2:30']) expect(timeOfDay(typed)).toEqual([2, 30, 0]);
    expect(timeOfDay('22h')).toEqual([22, 0, 0]);
    expect(timeOfDay('22:04:30')).toEqual([22, 4, 30]);
    for (const typed of ['', 'minuit', '24:00', '2:60', '230', '12:3', '1 2:30']) expect(timeOfDay(typed)).toBeNull();
  });
});

describe('legal time', () => {
  it('has for every instant of two years exactly one reading that is it', () => {
    for (let at = us('2026-01-01T00:00:00Z'); at < us('2028-01-01T00:00:00Z'); at += 11_737e6) {
      const found = readings(civil(at));
      expect(found).toContain(Math.floor(at / 1e6) * 1e6);
      expect(found.length).toBeLessThanOrEqual(2);
    }
  });

  it('has the autumn hour twice and the spring hour never', () => {
    expect(readings({ year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 0 })).toEqual([us('2026-10-25T00:30:00Z'), us('2026-10-25T01:30:00Z')]);
    expect(readings({ year: 2026, month: 3, day: 29, hour: 2, minute: 30, second: 0 })).toEqual([]);
    expect(isSummer(us('2026-10-25T00:30:00Z'))).toBe(true);
    expect(isSummer(us('2026-10-25T01:30:00Z'))).toBe(false);
    expect(isSummer(us('2026-07-14T00:00:00Z'))).toBe(true);
    expect(isSummer(us('2026-01-14T00:00:00Z'))).toBe(false);
  });
});

describe('minutes to hold', () => {
  it('are what was said, and its margin', () => {
    expect(understand(said('2026-11-21', '22h50', '23h10', { margin: 5 }))).toEqual({
      kind: 'range', fromUs: us('2026-11-21T21:45:00Z'), toUs: us('2026-11-21T22:15:00Z'), nextDay: false,
    });
    expect(understand(said('2026-11-21', '22:50', '', { margin: 10 }))).toMatchObject({ fromUs: us('2026-11-21T21:40:00Z'), toUs: us('2026-11-21T22:00:00Z') });
  });

  it('go on after midnight when the end comes before the beginning', () => {
    expect(understand(said('2026-11-21', '23:50', '00:20'))).toEqual({
      kind: 'range', fromUs: us('2026-11-21T22:50:00Z'), toUs: us('2026-11-21T23:20:00Z'), nextDay: true,
    });
  });

  it('of the autumn night are asked for: which 2:30', () => {
    const night = said('2026-10-25', '2h30', '2h45');
    expect(understand(night)).toEqual({ kind: 'ask', end: 'from', instants: [us('2026-10-25T00:30:00Z'), us('2026-10-25T01:30:00Z')] });
    const first = { ...night, which: { from: 'first', to: null } } as Said;
    expect(understand(first)).toEqual({ kind: 'ask', end: 'to', instants: [us('2026-10-25T00:45:00Z'), us('2026-10-25T01:45:00Z')] });
    expect(understand({ ...night, which: { from: 'first', to: 'second' } })).toMatchObject({ fromUs: us('2026-10-25T00:30:00Z'), toUs: us('2026-10-25T01:45:00Z') });
    // The second 2:30 leaves one 2:45 only: no question.
    expect(understand({ ...night, which: { from: 'second', to: null } })).toMatchObject({ fromUs: us('2026-10-25T01:30:00Z'), toUs: us('2026-10-25T01:45:00Z') });
    expect(understand(said('2026-10-24', '23:00', '02:30'))).toMatchObject({ kind: 'ask', end: 'to' });
  });

  it('of the spring night that do not exist are refused', () => {
    expect(understand(said('2026-03-29', '2h30', '3h10'))).toEqual({ kind: 'wrong', trouble: 'gapFrom' });
    expect(understand(said('2026-03-29', '1h50', '2h10'))).toEqual({ kind: 'wrong', trouble: 'gapTo' });
    expect(understand(said('2026-03-29', '1h50', '3h10'))).toMatchObject({ fromUs: us('2026-03-29T00:50:00Z'), toUs: us('2026-03-29T01:10:00Z') });
  });

  it('that cannot be held say why', () => {
    const trouble = (one: Said): unknown => understand(one);
    expect(trouble(said('2026-02-30', '2h30'))).toEqual({ kind: 'wrong', trouble: 'day' });
    expect(trouble(said('2026-11-21', ''))).toEqual({ kind: 'wrong', trouble: 'empty' });
    expect(trouble(said('2026-11-21', 'hier'))).toEqual({ kind: 'wrong', trouble: 'from' });
    expect(trouble(said('2026-11-21', '2h', 'tard'))).toEqual({ kind: 'wrong', trouble: 'to' });
    expect(trouble(said('2026-11-21', '2h'))).toEqual({ kind: 'wrong', trouble: 'order' });
    expect(trouble(said('2026-11-21', '6h', '18h01'))).toEqual({ kind: 'wrong', trouble: 'long' });
    expect(trouble(said('2026-11-21', '6h', '17h50', { margin: 10 }))).toEqual({ kind: 'wrong', trouble: 'long' });
  });
});

describe('a place', () => {
  it('is a point when it is written as one', () => {
    expect(coordinates('48,8566 2,3522')).toEqual([48.8566, 2.3522]);
    expect(coordinates('48.8566, -2.3522')).toEqual([48.8566, -2.3522]);
    for (const words of ['place du marché', '12 2', 'rue 1,5', '', '95.1 2.2']) expect(coordinates(words)).toBeNull();
  });
});

it('today is the legal day', () => {
  expect(today(us('2026-11-21T23:30:00Z'))).toBe('2026-11-22');
});

describe('an instant typed within minutes that are held', () => {
  it('is the second of two where the second is held', () => {
    const [from, to] = [us('2026-10-25T01:30:00.400Z'), us('2026-10-25T01:45:00Z')];
    expect(typedWithin('25/10/2026 02:35:00', from, to)).toBe(us('2026-10-25T01:35:00Z'));
    expect(typedWithin('25/10/2026 02:30:00', from, to)).toBe(us('2026-10-25T01:30:00Z'));
    expect(typedWithin('25/10/2026 02:35:00', from - 3600e6, to - 3600e6)).toBe(us('2026-10-25T00:35:00Z'));
    expect(typedWithin('26/10/2026 02:35:00', from, to)).toBe(us('2026-10-26T01:35:00Z'));
    expect(typedWithin('demain', from, to)).toBeNull();
  });

  it('is of either day of minutes that pass midnight', () => {
    const [from, to] = [us('2026-11-21T22:50:00Z'), us('2026-11-21T23:20:00Z')];
    expect(typedWithin('23:55:00', from, to)).toBe(us('2026-11-21T22:55:00Z'));
    expect(typedWithin('00:10:00', from, to)).toBe(us('2026-11-21T23:10:00Z'));
    expect(typedWithin('0h20', from, to)).toBe(to);
    expect(typedWithin('00:21:00', from, to), 'outside: of the first day, and so said to be outside').toBe(us('2026-11-20T23:21:00Z'));
    expect(typedWithin('21/11/2026 00:10:00', from, to), 'a day that was typed is the day').toBe(us('2026-11-20T23:10:00Z'));
  });
});
