// Reading JSON that nobody vouches for: exact keys, exact types (src/beffroi/evidence/fields.py).

import { type Bytes, FormatError, fromBase64, fromHex } from './bytes';
import { type Json, load } from './canonical';

export class Fields {
  readonly #value: Map<string, Json>;

  constructor(
    value: Json,
    readonly what: string,
  ) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new FormatError(what);
    this.#value = new Map(Object.entries(value));
  }

  static read(data: Uint8Array, what: string, most: number): Fields {
    if (data.length > most) throw new FormatError(`${what}: too long`);
    return new Fields(load(data), what);
  }

  text(key: string, most = 4096): string {
    const value = this.#take(key);
    if (typeof value !== 'string' || (value.length > most && [...value].length > most)) this.#wrong(key);
    return value;
  }

  whole(key: string): number {
    const value = this.#take(key);
    if (typeof value !== 'number' || value < 0) this.#wrong(key);
    return value;
  }

  signed(key: string): number | null {
    const value = this.#take(key);
    if (value !== null && typeof value !== 'number') this.#wrong(key);
    return value;
  }

  hex(key: string, size: number): Bytes {
    return this.#named(key, () => fromHex(this.#take(key), size));
  }

  hexes(key: string, size: number): Bytes[] {
    return this.items(key).map((item) => this.#named(key, () => fromHex(item, size)));
  }

  base64(key: string): Bytes {
    return this.#named(key, () => fromBase64(this.#take(key)));
  }

  items(key: string): Json[] {
    const value = this.#take(key);
    if (!Array.isArray(value)) this.#wrong(key);
    return value;
  }

  objects(key: string): Fields[] {
    return this.items(key).map((item) => new Fields(item, `${this.what}.${key}`));
  }

  object(key: string): Fields {
    return new Fields(this.#take(key), `${this.what}.${key}`);
  }

  texts(key: string): string[] {
    return this.items(key).map((item) => (typeof item === 'string' ? item : this.#wrong(key)));
  }

  /** No key may be left. */
  done(): void {
    const [left] = [...this.#value.keys()].toSorted();
    if (left !== undefined) throw new FormatError(`${this.what}: ${left.slice(0, 40)}`);
  }

  #take(key: string): Json {
    const value = this.#value.get(key);
    if (value === undefined) this.#wrong(key);
    this.#value.delete(key);
    return value;
  }

  #named<T>(key: string, read: () => T): T {
    try {
      return read();
    } catch {
      return this.#wrong(key);
    }
  }

  #wrong(key: string): never {
    throw new FormatError(`${this.what}.${key}`);
  }
}
