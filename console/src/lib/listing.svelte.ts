/** What a screen reads by itself: what the centre answered, or why it was not read. Nothing read is never "nothing there". */
import { both } from '../i18n/both';
import type { Dictionary } from '../i18n/index.svelte';
import type { ApiError } from './api';
import { centreNowUs } from './centreclock';
import { Turns } from './latest';
import { tried } from './load';
import { clockTime } from './time';
import type { Text } from './types';

export class Listing<T> {
  value = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** When the centre last answered, by its own clock. */
  readUs = $state.raw<number | null>(null);
  readonly name: (t: Dictionary) => string;
  readonly #ask: () => Promise<T>;
  readonly #turns = new Turns();

  /** @param name what is read, in the plural, as the failure calls it */
  constructor(name: (t: Dictionary) => string, ask: () => Promise<T>) {
    this.name = name;
    this.#ask = ask;
  }

  async load(): Promise<void> {
    const turn = this.#turns.ask();
    const outcome = await tried(this.#ask);
    // An answer that comes after a later one's, or once all was forgotten, tells nothing any more.
    if (!this.#turns.tells(turn)) return;
    this.error = outcome.error;
    if (outcome.error) return;
    this.readUs = centreNowUs();
    // Same content, same object: nothing on screen is rebuilt, nothing moves under the pointer.
    if (JSON.stringify(outcome.value) !== JSON.stringify(this.value)) this.value = outcome.value;
  }

  forget(): void {
    this.#turns.done();
    this.value = this.error = this.readUs = null;
  }
}

/** What is not read among these, why, and since when; null when all is. */
export function unread(lists: readonly Listing<unknown>[]): Text | null {
  const failed = lists.filter((one) => one.error !== null);
  const why = failed[0]?.error;
  if (!why) return null;
  const since = failed.map((one) => one.readUs);
  const stale = since.includes(null) ? null : Math.min(...since.map(Number));
  const told = both((t) => {
    const what = failed.map((one) => one.name(t)).join(', ');
    return stale === null ? t.unread.never(what) : t.unread.stale(what, clockTime(stale));
  });
  return { fr: `${told.fr} ${why.text.fr}`, en: `${told.en} ${why.text.en}` };
}
