/**
 * A key pressed before what it acts on is there: kept, told, and done when it comes. Of several the last is meant.
 *
 * Without it a fast hand on a slow line loses its Enter in silence; with a list of an earlier text it would choose wrong.
 */
import { untrack } from 'svelte';

export class Early<T> {
  #kept = $state.raw<{ what: T } | null>(null);
  readonly #ready: () => boolean;
  readonly #act: (what: T) => void;

  /**
   * Made while its component is.
   * @param ready whether what the key acts on is there
   * @param act what the key does, with what is there at that moment
   */
  constructor(ready: () => boolean, act: (what: T) => void) {
    this.#ready = ready;
    this.#act = act;
    $effect(() => this.settle());
  }

  /** Whether a key is kept: the screen says so. */
  get waiting(): boolean {
    return this.#kept !== null;
  }

  /** Now when it can be, else as soon as it can. */
  ask(what: T): void {
    this.#kept = { what };
    this.settle();
  }

  /** The person went on to something else: what was kept is no longer meant. */
  forget(): void {
    this.#kept = null;
  }

  /** What was kept is done, when what it waits for is there. */
  settle(): void {
    const kept = this.#kept;
    if (kept === null || !this.#ready()) return;
    untrack(() => {
      this.#kept = null;
      this.#act(kept.what);
    });
  }
}
