// Reading DER that nobody vouches for (src/beffroi/evidence/timestamp_der.py): definite lengths in their shortest form.

import { type Bytes, FormatError, toHex } from './bytes';

export const [BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID] = [1, 2, 3, 4, 5, 6] as const;
export const [UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET, CONTEXT] = [0x17, 0x18, 0x30, 0x31, 0xa0] as const;

/** Not the element that must be there; the text names it, in the standard's words. */
export class DerError extends FormatError {}

export class Der {
  constructor(
    readonly tag: number,
    readonly body: Bytes,
    readonly raw: Bytes,
  ) {}

  parts(what: string): Parts {
    return new Parts(elements(this.body, what), what);
  }

  oid(what: string): string {
    if (this.tag !== OID || this.body.length === 0) throw new DerError(what);
    return toHex(this.body);
  }
}

/** The elements of a sequence, taken in order. */
export class Parts {
  #at = 0;

  constructor(
    readonly items: readonly Der[],
    readonly what: string,
  ) {}

  take(tag: number, what: string): Der {
    const found = this.maybe(tag);
    if (found === null) throw new DerError(what);
    return found;
  }

  maybe(tag: number): Der | null {
    const found = this.items[this.#at];
    if (found === undefined || found.tag !== tag) return null;
    this.#at++;
    return found;
  }

  any(what: string): Der {
    const found = this.items[this.#at];
    if (found === undefined) throw new DerError(what);
    this.#at++;
    return found;
  }

  rest(): readonly Der[] {
    const found = this.items.slice(this.#at);
    this.#at = this.items.length;
    return found;
  }

  done(): void {
    if (this.#at !== this.items.length) throw new DerError(this.what);
  }
}

/** The one element that these bytes are. */
export function readDer(data: Bytes, what: string): Der {
  const found = elements(data, what);
  if (found.length !== 1) throw new DerError(what);
  return found[0]!;
}

export function sequence(given: Der, what: string): Parts {
  if (given.tag !== SEQUENCE) throw new DerError(what);
  return given.parts(what);
}

export function only(given: Der, tag: number, what: string): Der {
  const found = readDer(given.body, what);
  if (found.tag !== tag) throw new DerError(what);
  return found;
}

export function pair(given: Der, what: string): [Der, Der] {
  const parts = sequence(given, what);
  const found: [Der, Der] = [parts.any(what), parts.any(what)];
  parts.done();
  return found;
}

/** A whole number above zero in its shortest form, without its sign. */
export function positive({ tag, body }: Der, what: string): Bytes {
  const [first, next] = body;
  if (tag !== INTEGER || first === undefined || first >= 0x80 || (first === 0 && (next === undefined || next < 0x80))) {
    throw new DerError(what);
  }
  return first === 0 ? body.slice(1) : body;
}

function elements(data: Bytes, what: string): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < data.length; ) {
    const [start, tag] = [at, data[at]!];
    let size = data[at + 1];
    at += 2;
    if ((tag & 0x1f) === 0x1f || size === undefined) throw new DerError(what);
    if (size >= 0x80) {
      const wide = size & 0x7f;
      if (wide < 1 || wide > 3 || at + wide > data.length) throw new DerError(what);
      size = data.subarray(at, at + wide).reduce((sum, byte) => sum * 256 + byte, 0);
      if (size < 0x80 || size < 256 ** (wide - 1)) throw new DerError(what); // a shorter form was possible
      at += wide;
    }
    if (at + size > data.length) throw new DerError(what);
    found.push(new Der(tag, data.subarray(at, at + size), data.subarray(start, at + size)));
    at += size;
  }
  return found;
}
