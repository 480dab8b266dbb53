import { describe, expect, it } from 'vitest';
import { minutesWords } from '../src/lib/deskwords';
import { civil, clockTime, exactTime, fromCivil, isoDay, lengthOf, parseInstant, parseTyped, signedSeconds } from '../src/lib/time';

const us = (iso: string): number => Date.parse(iso) * 1000;

describe('legal time', () => {
  it('goes there and back, winter and summer', () => {
    for (const iso of ['2026-01-15T12:34:56Z', '2026-07-15T12:34:56Z', '2026-03-29T00:59:59Z', '2026-10-25T02:30:00Z']) {
      expect(fromCivil(civil(us(iso)))).toBe(us(iso));
    }
  });
  it('takes the first of the two autumn hours, and moves on an hour that does not exist', () => {
    const at = (hour: number, minute: number, month: number, day: number): number => fromCivil({ year: 2026, month, day, hour, minute, second: 0 });
    expect(at(2, 30, 10, 25)).toBe(us('2026-10-25T00:30:00Z'));
    expect(clockTime(at(2, 30, 3, 29))).toBe('03:30:00');
  });
  it('names the legal day, not the UTC one', () => {
    expect(isoDay(us('2026-11-21T23:30:00Z'))).toBe('2026-11-22');
  });
});

describe('the nights on which clocks change', () => {
  it('tells the two hours of the autumn night apart', () => {
    const [first, second] = [us('2026-10-25T00:30:00Z'), us('2026-10-25T01:30:00Z')];
    expect([exactTime(first), exactTime(second)]).toEqual(['02:30:00 (UTC+2)', '02:30:00 (UTC+1)']);
    expect(minutesWords(first, second)).toEqual(['25/10 02:30 (UTC+2)', '02:30 (UTC+1)']);
  });
  it('says the offset from one midnight to the other of that day, and on no other', () => {
    const ends = ['2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z'];
    expect(ends.map((iso) => exactTime(us(iso)))).toEqual(['23:59:59', '00:00:00 (UTC+2)', '23:59:59 (UTC+1)', '00:00:00']);
    expect(minutesWords(us('2026-10-24T21:50:00Z'), us('2026-10-24T22:10:00Z'))).toEqual(['24/10 23:50', '25/10 00:10 (UTC+2)']);
  });
  it('does not seem to lose the hour that spring skips', () => {
    expect(minutesWords(us('2026-03-29T00:59:00Z'), us('2026-03-29T01:01:00Z'))).toEqual(['29/03 01:59 (UTC+1)', '03:01 (UTC+2)']);
    expect(exactTime(us('2026-12-31T23:30:00Z'))).toBe('00:30:00');
  });
});

describe('parseTyped', () => {
  const around = us('2026-11-22T01:00:00Z');
  it.each([
    ['14:03', '2026-11-22T13:03:00Z'],
    ['14:03:20', '2026-11-22T13:03:20Z'],
    ['14h03', '2026-11-22T13:03:00Z'],
    ['140320', '2026-11-22T13:03:20Z'],
    ['1403', '2026-11-22T13:03:00Z'],
    ['21/11 23:59', '2026-11-21T22:59:00Z'],
    ['01/07/2026 08:00:00', '2026-07-01T06:00:00Z'],
  ])('reads %s', (typed, iso) => {
    expect(parseTyped(typed, around)).toBe(us(iso));
  });
  it.each(['', 'demain', '25:00', '14:60', '14:03:60', '31/02 12:00', '14:3', '123456789', '-1:00'])('refuses %j', (typed) => {
    expect(parseTyped(typed, around)).toBeNull();
  });
});

describe('lengths and instants', () => {
  it('say the two largest units', () => {
    expect([lengthOf(8, 'j'), lengthOf(130, 'j'), lengthOf(1800, 'j'), lengthOf(7260, 'j'), lengthOf(273_600, 'j')]).toEqual([
      '8 s', '2 min 10 s', '30 min', '2 h 01', '3 j 4 h',
    ]);
  });
  it('are null when unreadable', () => {
    expect([parseInstant(null), parseInstant('hier'), parseInstant('1970-01-01T00:00:01Z')]).toEqual([null, null, 1e6]);
  });
});

describe('a difference of clocks', () => {
  it('has its sign, one decimal and the language of the reader', () => {
    expect(signedSeconds(1_312, 'fr')).toBe('+1,3 s');
    expect(signedSeconds(-420, 'en')).toBe('-0.4 s');
    expect(signedSeconds(20, 'fr')).toBe('0,0 s');
  });
});
