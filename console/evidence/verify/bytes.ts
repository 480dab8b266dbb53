// Bytes: hexadecimal and base64 in their one spelling, comparing, joining, reading numbers.

export type Bytes = Uint8Array<ArrayBuffer>;

export class FormatError extends Error {}

const HEX = /^(?:[0-9a-f]{2})*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Lower-case hexadecimal only. */
export function fromHex(text: unknown, size?: number): Bytes {
  if (typeof text !== 'string' || !HEX.test(text) || (size !== undefined && text.length !== 2 * size)) {
    throw new FormatError('hexadecimal');
  }
  const out = new Uint8Array(text.length / 2);
  for (let at = 0; at < out.length; at++) out[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return out;
}

export function toHex(data: Uint8Array): string {
  let out = '';
  for (const byte of data) out += byte.toString(16).padStart(2, '0');
  return out;
}

/** Base64 as its encoder writes it: padding right, no trailing bits. */
export function fromBase64(text: unknown): Bytes {
  if (typeof text !== 'string' || !BASE64.test(text)) throw new FormatError('base64');
  const raw = atob(text);
  const out = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) out[at] = raw.charCodeAt(at);
  if (toBase64(out.subarray(out.length - (out.length % 3))) !== text.slice(text.length - (out.length % 3 ? 4 : 0))) {
    throw new FormatError('base64');
  }
  return out;
}

export function toBase64(data: Uint8Array): string {
  let raw = '';
  for (const byte of data) raw += String.fromCharCode(byte);
  return btoa(raw);
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

export function join(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function view(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/** A 64-bit number, refused when JavaScript cannot hold it exactly. */
export function exact(value: bigint): number {
  const found = Number(value);
  if (!Number.isSafeInteger(found)) throw new FormatError('a number is too large');
  return found;
}

export function latin(data: Uint8Array): string {
  return String.fromCharCode(...data);
}

/** Text of valid UTF-8; a byte order mark stays. */
export function utf8(data: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new FormatError('not text');
  }
}

export function encode(text: string): Bytes {
  return new TextEncoder().encode(text);
}
