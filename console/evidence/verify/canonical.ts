// Canonical JSON, read as the register reads it (src/beffroi/ledger/canonical.py): one value, one spelling.

import { FormatError, utf8 } from './bytes';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const DEPTH = 16;
const ASCII = /^[^\u0080-\uffff]*$/;
const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?:[^\uD800-\uDBFF]|^)[\uDC00-\uDFFF]/;

/** Refuses whatever its writer would have spelled otherwise: repeated keys, floats, spaces, escapes, depth. */
export function load(data: Uint8Array): Json {
  const text = utf8(data);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new FormatError('not JSON');
  }
  const parts: string[] = [];
  spell(value, 0, parts);
  if (parts.join('') !== text) throw new FormatError('another spelling of the same value');
  return value;
}

function spell(value: Json, depth: number, out: string[]): void {
  if (depth > DEPTH) throw new FormatError('nested too deep');
  if (value === null || typeof value === 'boolean') {
    out.push(String(value));
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new FormatError('not an integer within 2^53 - 1');
    out.push(String(value));
  } else if (typeof value === 'string') {
    if (LONE.test(value)) throw new FormatError('lone surrogate');
    out.push(JSON.stringify(value));
  } else if (Array.isArray(value)) {
    out.push('[');
    value.forEach((item, n) => {
      if (n > 0) out.push(',');
      spell(item, depth + 1, out);
    });
    out.push(']');
  } else {
    out.push('{');
    Object.keys(value)
      .toSorted((one, other) => (one < other ? -1 : 1))
      .forEach((key, n) => {
        if (!ASCII.test(key)) throw new FormatError('a key is not ASCII text');
        out.push(n > 0 ? ',' : '', JSON.stringify(key), ':');
        spell(value[key]!, depth + 1, out);
      });
    out.push('}');
  }
}
