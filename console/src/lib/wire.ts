/**
 * The view socket's messages, read with suspicion: a message that does not hold what it must hold is an error, never a
 * half-understood picture. Nothing here touches the page.
 */
import type { Cure, Refusal, Text } from './types';

export class WireError extends Error {}

export const TIMESCALE = 90_000;

export type BinaryMessage =
  | { kind: 'init'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'fragment'; wallUs: number; sentUs: number; key: boolean; bytes: Uint8Array<ArrayBuffer> };

const FRAGMENT_HEADER = 1 + 8 + 8 + 1;

function safeU64(view: DataView, offset: number, name: string): number {
  const value = view.getBigUint64(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new WireError(`${name} is beyond exact numbers`);
  return Number(value);
}

export function parseBinary(buffer: ArrayBuffer): BinaryMessage {
  if (buffer.byteLength < 2) throw new WireError('message of less than two bytes');
  const view = new DataView(buffer);
  const kind = view.getUint8(0);
  if (kind === 1) return { kind: 'init', bytes: new Uint8Array(buffer, 1) };
  if (kind !== 2) throw new WireError(`unknown kind ${kind}`);
  if (buffer.byteLength <= FRAGMENT_HEADER) throw new WireError('fragment without media');
  return {
    kind: 'fragment',
    wallUs: safeU64(view, 1, 'wall_us'),
    sentUs: safeU64(view, 9, 'sent_us'),
    key: (view.getUint8(17) & 1) === 1,
    bytes: new Uint8Array(buffer, FRAGMENT_HEADER),
  };
}

function* boxes(view: DataView, start: number, end: number): Generator<{ type: string; body: number; end: number }> {
  let at = start;
  while (at + 8 <= end) {
    let size = view.getUint32(at);
    const type = String.fromCharCode(
      view.getUint8(at + 4),
      view.getUint8(at + 5),
      view.getUint8(at + 6),
      view.getUint8(at + 7),
    );
    let header = 8;
    if (size === 1) {
      if (at + 16 > end) return;
      size = safeU64(view, at + 8, 'box size');
      header = 16;
    } else if (size === 0) {
      size = end - at;
    }
    if (size < header || at + size > end) return;
    yield { type, body: at + header, end: at + size };
    at += size;
  }
}

/** Decode time (ticks of 90 kHz) of the first sample of a fragment: moof/traf/tfdt; null when there is none. */
export function baseDecodeTime(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const moof of boxes(view, 0, bytes.byteLength)) {
    if (moof.type !== 'moof') continue;
    for (const traf of boxes(view, moof.body, moof.end)) {
      if (traf.type !== 'traf') continue;
      for (const tfdt of boxes(view, traf.body, traf.end)) {
        if (tfdt.type !== 'tfdt' || tfdt.end - tfdt.body < 8) continue;
        const wide = view.getUint8(tfdt.body) === 1;
        if (!wide) return view.getUint32(tfdt.body + 4);
        return tfdt.end - tfdt.body < 12 ? null : safeU64(view, tfdt.body + 4, 'tfdt');
      }
    }
  }
  return null;
}

export interface GapMessage {
  from: number;
  to: number;
  cause: Text | null;
}

export type TextMessage =
  | { type: 'hello'; connection: string }
  | { type: 'init'; codec: string; stream: string; kid: string | null; key: string | null; offsetS: number; seek: number }
  | { type: 'cut'; text: Text; refusal: Refusal | null; code: string }
  | { type: 'notice'; kind: string; frames: number }
  | { type: 'state'; state: string; cause: Text | null }
  | { type: 'lease' }
  | ({ type: 'gap'; seek: number | null } & GapMessage)
  | { type: 'end'; atUs: number; seek: number | null }
  | { type: 'timeline'; from: number; to: number; recorded: [number, number][]; gaps: GapMessage[]; destroyed: GapMessage[] }
  | { type: 'unknown'; name: string };

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function text(value: unknown): Text | null {
  return isObject(value) && typeof value['fr'] === 'string' && typeof value['en'] === 'string'
    ? { fr: value['fr'], en: value['en'] }
    : null;
}

function need<T extends 'string' | 'number'>(of: Json, name: string, type: T): T extends 'string' ? string : number {
  const value = of[name];
  if (typeof value !== type || (type === 'number' && !Number.isFinite(value))) {
    throw new WireError(`${String(of['type'])}: ${name} is not a ${type}`);
  }
  return value as T extends 'string' ? string : number;
}

const optionalNumber = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

function pairs(value: unknown): [number, number][] {
  if (!Array.isArray(value)) return [];
  const found: [number, number][] = [];
  for (const item of value) {
    const from = Array.isArray(item) ? optionalNumber(item[0]) : isObject(item) ? optionalNumber(item['from']) : null;
    const to = Array.isArray(item) ? optionalNumber(item[1]) : isObject(item) ? optionalNumber(item['to']) : null;
    if (from !== null && to !== null && to > from) found.push([from, to]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}

function gaps(value: unknown): GapMessage[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item) => pairs([item]).map(([from, to]) => ({ from, to, cause: isObject(item) ? text(item['cause']) : null })));
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function readCure(value: unknown): Cure | null {
  const words = isObject(value) ? text(value['text']) : null;
  return isObject(value) && words
    ? { kind: String(value['kind'] ?? ''), text: words, issuer: text(value['issuer']) ?? { fr: '', en: '' } }
    : null;
}

/** A refusal as it may arrive on the wire: whatever is missing becomes empty, the sentence must be there. */
export function readRefusal(value: unknown): Refusal | null {
  if (!isObject(value)) return null;
  const sentence = text(value['sentence']);
  if (!sentence) return null;
  const verdict = value['verdict'];
  return {
    sentence,
    articles: list(value['articles']).filter((article): article is string => typeof article === 'string'),
    cure: readCure(value['cure']),
    conditions: list(value['conditions']).flatMap((item) => {
      const words = isObject(item) ? text(item['text']) : null;
      return isObject(item) && words
        ? [{ id: String(item['id'] ?? ''), met: item['met'] === true, text: words, article: String(item['article'] ?? ''), cure: readCure(item['cure']) }]
        : [];
    }),
    whom: text(value['whom']),
    verdict: verdict === 'allow' || verdict === 'unsettled' ? verdict : 'deny',
    ground: String(value['ground'] ?? ''),
  };
}

export function parseText(data: string): TextMessage {
  let of: unknown;
  try {
    of = JSON.parse(data);
  } catch {
    throw new WireError('text message is not JSON');
  }
  if (!isObject(of) || typeof of['type'] !== 'string') throw new WireError('text message has no type');
  switch (of['type']) {
    case 'hello':
      return { type: 'hello', connection: need(of, 'connection', 'string') };
    case 'init':
      return {
        type: 'init',
        codec: need(of, 'codec', 'string'),
        stream: String(of['stream'] ?? ''),
        kid: typeof of['kid'] === 'string' ? of['kid'] : null,
        key: typeof of['key'] === 'string' ? of['key'] : null,
        offsetS: optionalNumber(of['offset_s']) ?? 0,
        seek: optionalNumber(of['seek']) ?? 0,
      };
    case 'cut': {
      const refusal = readRefusal(of['refusal']);
      const words = text(of['text']) ?? refusal?.sentence;
      if (!words) throw new WireError('cut without words');
      return { type: 'cut', text: words, refusal, code: String(of['code'] ?? 'withdrawn') };
    }
    case 'notice':
      return { type: 'notice', kind: String(of['kind'] ?? ''), frames: optionalNumber(of['frames']) ?? 0 };
    case 'state':
      return { type: 'state', state: need(of, 'state', 'string'), cause: text(of['cause']) };
    case 'lease':
      return { type: 'lease' };
    case 'gap':
      return {
        type: 'gap',
        from: need(of, 'from', 'number'),
        to: need(of, 'to', 'number'),
        cause: text(of['cause']),
        seek: optionalNumber(of['seek']),
      };
    case 'end':
      return { type: 'end', atUs: need(of, 'at_us', 'number'), seek: optionalNumber(of['seek']) };
    case 'timeline': {
      const from = need(of, 'from', 'number');
      const to = need(of, 'to', 'number');
      if (to <= from) throw new WireError('timeline of no length');
      return {
        type: 'timeline',
        from,
        to,
        recorded: pairs(of['recorded']),
        gaps: gaps(of['gaps']),
        destroyed: gaps(of['destroyed']),
      };
    }
    default:
      return { type: 'unknown', name: of['type'] };
  }
}
