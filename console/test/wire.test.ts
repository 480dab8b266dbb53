import { describe, expect, it } from 'vitest';
import { baseDecodeTime, parseBinary, parseText, readRefusal, WireError } from '../src/lib/wire';

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

function fragmentMessage(wallUs: bigint, sentUs: bigint, flags: number, media: number[]): ArrayBuffer {
  const buffer = new ArrayBuffer(18 + media.length);
  const view = new DataView(buffer);
  view.setUint8(0, 2);
  view.setBigUint64(1, wallUs);
  view.setBigUint64(9, sentUs);
  view.setUint8(17, flags);
  new Uint8Array(buffer, 18).set(media);
  return buffer;
}

function box(type: string, ...content: number[][]): number[] {
  const body = content.flat();
  const size = body.length + 8;
  return [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255, ...[...type].map((c) => c.charCodeAt(0)), ...body];
}

describe('parseBinary', () => {
  it('reads an init and a fragment', () => {
    const init = parseBinary(bytes(1, 7, 8, 9));
    expect(init.kind === 'init' && [...init.bytes]).toEqual([7, 8, 9]);
    const fragment = parseBinary(fragmentMessage(1_795_311_190_000_000n, 1_795_311_190_020_000n, 1, [1, 2]));
    expect(fragment).toMatchObject({ kind: 'fragment', wallUs: 1_795_311_190_000_000, sentUs: 1_795_311_190_020_000, key: true });
    expect(parseBinary(fragmentMessage(0n, 0n, 2, [1]))).toMatchObject({ key: false });
  });
  it.each([
    ['empty', bytes()],
    ['kind alone', bytes(2)],
    ['unknown kind', bytes(3, 0)],
    ['truncated header', bytes(2, 0, 0, 0)],
    ['header without media', fragmentMessage(1n, 1n, 1, [])],
    ['time beyond exact numbers', fragmentMessage(2n ** 63n, 1n, 1, [1])],
  ])('refuses: %s', (_, buffer) => {
    expect(() => parseBinary(buffer)).toThrow(WireError);
  });
  it('throws nothing but WireError on random bytes', () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff);
    for (let n = 0; n < 3000; n += 1) {
      const buffer = new Uint8Array(Array.from({ length: random() % 60 }, () => random() & 255)).buffer;
      try {
        const message = parseBinary(buffer);
        if (message.kind === 'fragment') baseDecodeTime(message.bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }
  });
});

describe('baseDecodeTime', () => {
  const tfdt = (time: number[], version = 1): number[] => box('tfdt', [version, 0, 0, 0], time);
  const moof = (inner: number[]): Uint8Array => new Uint8Array(box('moof', box('mfhd', [0, 0, 0, 0, 0, 0, 0, 1]), box('traf', box('tfhd', [0, 0, 0, 0]), inner)));

  it('reads both widths', () => {
    expect(baseDecodeTime(moof(tfdt([0, 0, 0, 0, 0, 1, 95, 144])))).toBe(90_000);
    expect(baseDecodeTime(moof(tfdt([0, 1, 95, 144], 0)))).toBe(90_000);
  });
  it('reads inside a larger buffer', () => {
    const whole = new Uint8Array([9, 9, 9, ...moof(tfdt([0, 1, 95, 144], 0))]);
    expect(baseDecodeTime(whole.subarray(3))).toBe(90_000);
  });
  it('is null for what is not a whole fragment', () => {
    expect(baseDecodeTime(new Uint8Array())).toBeNull();
    expect(baseDecodeTime(new Uint8Array(box('free', [1, 2, 3])))).toBeNull();
    expect(baseDecodeTime(moof(tfdt([0, 0, 0, 1], 1)))).toBeNull();
    const torn = moof(tfdt([0, 1, 95, 144], 0));
    for (let cut = 0; cut < torn.length; cut += 1) expect(baseDecodeTime(torn.subarray(0, cut))).toBeNull();
  });
  it('ends on boxes that lie about their size', () => {
    expect(baseDecodeTime(new Uint8Array([0, 0, 0, 0, 109, 111, 111, 102, 0, 0, 0, 4, 116, 114, 97, 102]))).toBeNull();
    expect(baseDecodeTime(new Uint8Array([255, 255, 255, 255, 109, 111, 111, 102]))).toBeNull();
  });
});

describe('parseText', () => {
  const words = { fr: 'Non.', en: 'No.' };

  it('reads what the centre sends', () => {
    expect(parseText('{"type":"hello","connection":"c1"}')).toEqual({ type: 'hello', connection: 'c1' });
    expect(parseText('{"type":"init","codec":"avc1.64001F","stream":"sub"}')).toMatchObject({ type: 'init', kid: null, seek: 0, offsetS: 0 });
    expect(parseText(JSON.stringify({ type: 'cut', text: words, code: 'withdrawn', refusal: null }))).toMatchObject({ type: 'cut', text: words, refusal: null });
    expect(parseText(JSON.stringify({ type: 'timeline', from: 10, to: 90, recorded: [[50, 60], [10, 20], [30, 30]], gaps: [{ from: 20, to: 50, cause: words }] }))).toEqual({
      type: 'timeline', from: 10, to: 90, recorded: [[10, 20], [50, 60]], gaps: [{ from: 20, to: 50, cause: words }], destroyed: [],
    });
    expect(parseText('{"type":"later-invention","x":1}')).toEqual({ type: 'unknown', name: 'later-invention' });
  });
  it.each([
    'nonsense', 'null', '[]', '3', '{}', '{"type":4}', '{"type":"hello"}', '{"type":"init","codec":4}', '{"type":"cut"}',
    '{"type":"gap","from":"a","to":2}', '{"type":"timeline","from":5,"to":5}', '{"type":"timeline","from":1e999,"to":2}', '{"type":"end"}',
  ])('refuses %s', (data) => {
    expect(() => parseText(data)).toThrow(WireError);
  });
  it('a cut whose text is missing still speaks by its refusal', () => {
    const cut = parseText(JSON.stringify({ type: 'cut', refusal: { sentence: words } }));
    expect(cut).toMatchObject({ type: 'cut', text: words, code: 'withdrawn' });
  });
});

describe('readRefusal', () => {
  it('keeps what is well formed and empties the rest', () => {
    const refusal = readRefusal({
      sentence: { fr: 'a', en: 'b' }, articles: ['L.1', 4], cure: { kind: 'agreement', text: 'no' },
      conditions: [{ id: 'x', met: 'yes', text: { fr: 'c', en: 'd' }, cure: { kind: 'mask', text: { fr: 'e', en: 'f' } } }, null],
      verdict: 'perhaps',
    });
    expect(refusal).toEqual({
      sentence: { fr: 'a', en: 'b' }, articles: ['L.1'], cure: null, conditions: [{ id: 'x', met: false, text: { fr: 'c', en: 'd' }, article: '', cure: { kind: 'mask', text: { fr: 'e', en: 'f' }, issuer: { fr: '', en: '' } } }], whom: null, verdict: 'deny', ground: '',
    });
    expect(readRefusal({ articles: [] })).toBeNull();
    expect(readRefusal('no')).toBeNull();
  });
});
