import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encode, fromBase64, fromHex, toHex } from '../evidence/verify/bytes';
import { load } from '../evidence/verify/canonical';
import { ZONES } from '../evidence/verify/lists';
import { blobStretch, isName } from '../evidence/verify/package';
import { Sha256 } from '../evidence/verify/sha256';
import { CAUSES, causeText } from '../evidence/viewer/causes';
import { readable } from '../evidence/viewer/gaps';
import { SourceError, rooted } from '../evidence/viewer/source';
import { instant, readTyped } from '../evidence/viewer/time';

describe('bytes', () => {
  it.each(['0', 'AB', 'zz', ' ab', 'ab '])('refuses the hexadecimal %j', (text) => {
    expect(() => fromHex(text)).toThrow();
  });

  it.each(['QQ', 'QQ=', 'QR==', 'Q Q=', 'QQ==\n', 'QQ==QQ=='])('refuses the base64 %j', (text) => {
    expect(() => fromBase64(text)).toThrow();
  });
});

describe('SHA-256', () => {
  it('is that of another implementation, at every length and however it is cut', () => {
    for (let size = 0; size < 300; size++) {
      const data = randomBytes(size);
      const cut = size >> 1;
      const found = new Sha256().update(data.subarray(0, cut)).update(data.subarray(cut)).digest();
      expect(toHex(found)).toBe(createHash('sha256').update(data).digest('hex'));
    }
  });
});

describe('canonical JSON', () => {
  it.each(['{"a":[1,"é\\n",null,true,-3]}', '"\u2028"', '{"__proto__":1}', '[]'])('reads %s', (text) => {
    expect(() => load(encode(text))).not.toThrow();
  });

  it.each([
    '{"a":1,"a":1}', '{"b":1,"a":1}', '[1.0]', '[1e2]', '[-0]', '[0.5]', '[9007199254740992]', '[ 1]', '"\\u00e9"', '"\\/"',
    '"\\ud800"', '{"é":1}', '\ufeff[]', '[1]\n', '[NaN]', '['.repeat(18) + ']'.repeat(18), '['.repeat(100_000),
  ])('refuses another spelling', (text) => {
    expect(() => load(encode(text))).toThrow();
  });
});

describe('names of files', () => {
  it.each(['manifest.json', 'media/a-1.mp4', 'a/b/c/d'])('takes %s', (name) => expect(isName(name)).toBe(true));
  it.each(['', '../x', '/x', 'a//b', '.x', 'a/.x', 'a\\b', 'a/b/c/d/e', 'é', 'a b', 'a/..', 'x\n'])('refuses %j', (name) =>
    expect(isName(name)).toBe(false));
});

describe('a typed time', () => {
  const zone = 'Europe/Paris';
  const near = Date.UTC(2026, 6, 1, 12) * 1000;

  it.each([
    ['14:03', '2026-07-01 14:03:00.000'],
    ['14:03:05.25', '2026-07-01 14:03:05.250'],
    ['12:00Z', '2026-07-01 14:00:00.000'],
    ['2026-10-25 02:30:00', '2026-10-25 02:30:00.000'],
    ['2026-12-31T23:59:59,999', '2026-12-31 23:59:59.999'],
  ])('reads %s', (text, expected) => {
    expect(instant(readTyped(text, near, zone)!, zone)).toBe(expected);
  });

  it('takes the first of an hour that happens twice', () => {
    expect(readTyped('2026-10-25 02:30', near, zone)).toBe(Date.UTC(2026, 9, 25, 0, 30) * 1000);
  });

  it.each(['', '14', '25:00', '14:61', 'noon', '14:03:05:01'])('refuses %j', (text) => {
    expect(readTyped(text, near, zone)).toBeNull();
  });
});

describe('the gaps told', () => {
  const note = (from: number, to: number, cause: string, camera = 'a') => ({ camera, from, to, cause });

  it('measures notes that touch as one, whatever their causes', () => {
    const notes = Array.from({ length: 12_414 }, (_, n) => note(n * 290_000, (n + 1) * 290_000, n % 2 ? 'unknown' : 'clock_step'));
    const { long, seams } = readable(notes);
    expect(long).toEqual([{ camera: 'a', from: 0, to: 12_414 * 290_000, causes: ['clock_step', 'unknown'] }]);
    expect(seams).toBe(0);
  });

  it('calls a seam only what the clock makes', () => {
    const { long, seams, seamsUs } = readable([
      note(0, 100_000, 'clock_step'), note(1e6, 1_100_000, 'unknown'), note(2e6, 2_100_000, 'disk_full'), note(100_000, 200_000, 'unknown', 'b'),
    ]);
    expect(long.map((gap) => gap.causes)).toEqual([['disk_full']]);
    expect([seams, seamsUs]).toEqual([3, 300_000]);
  });
});

describe('the causes', () => {
  it.each(Object.entries(CAUSES))('says %s in its words', (cause, text) => expect(causeText(cause)).toEqual(text));
  it('says what was lost', () => expect(causeText('lost').fr).toContain('perdues'));
  it.each(['constructor', '__proto__', 'toString', '', 'x'.repeat(4096)])('has a sentence for %j', (cause) => {
    expect(causeText(cause).fr).toContain('demandez au centre');
    expect(causeText(cause).en.length).toBeLessThan(140);
  });
});

describe('the zones', () => {
  it.each([...ZONES] as string[])('shows the legal time of %s', (zone) => expect(instant(0, zone)).toMatch(/^19(69-12-31|70-01-01) /));
  it('shows no other time in place of one it does not know', () => expect(() => instant(0, 'Europe/Beffroi')).toThrow());
});

describe('the folder that was given', () => {
  const given = (...names: string[]) => () => [...rooted(names.map((name) => [name, blobStretch(new Blob())])).files.keys()];

  it.each([
    [['x/manifest.json', 'x/media/a.mp4']],
    [['above/x/manifest.json', 'above/x/media/a.mp4']],
  ])('takes the one that holds everything: %j', (names) => {
    expect(given(...names)()).toEqual(['manifest.json', 'media/a.mp4']);
  });

  it.each([
    [['x/media/forged.mp4', 'x/original/manifest.json', 'x/original/media/a.mp4']],
    [['x/a/manifest.json', 'x/b/manifest.json']],
    [['x/note.txt', 'x/a/b/manifest.json']],
  ])('opens none with files around it: %j', (names) => expect(given(...names)).toThrow(SourceError));

  it('keeps a stray manifest where it is', () => {
    expect(given('x/manifest.json', 'x/original/manifest.json')()).toEqual(['manifest.json', 'original/manifest.json']);
  });
  it('takes what is no delivery as it is', () => {
    expect(given()()).toEqual([]);
    expect(given('x/media/a.mp4')()).toEqual(['media/a.mp4']);
  });
});
