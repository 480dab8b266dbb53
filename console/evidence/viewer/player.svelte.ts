// Playing: one wall clock for all cameras. It stands still while a picture that is due is not decoded, so that what is
// on the screen is always the right picture of every camera.

import { Store } from './store';
import type { Place, Span, Track } from './track';

const BUDGET = 400 * 2 ** 20;
const LONGEST_TICK_MS = 100;
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8] as const;

export class Player {
  position = $state(0);
  playing = $state(false);
  backward = $state(false);
  speed = $state(1);
  /** Numbers of the cameras on the screen. */
  shown = $state<number[]>([]);
  active = $state(0);
  waiting = $state(false);
  /** Raised at each change of what can be drawn. */
  drawn = $state(0);

  readonly stores: Store[];
  readonly range: Span;
  #frame = 0;
  #last = 0;
  #closed = false;

  constructor(readonly tracks: readonly Track[]) {
    const budget = BUDGET / Math.max(1, Math.min(4, tracks.length));
    this.stores = tracks.map((track) => new Store(track, budget, () => this.#settle()));
    const asked = tracks.flatMap((track) => track.asked);
    this.range = { from: Math.min(...asked.map((one) => one.from)), to: Math.max(...asked.map((one) => one.to)) };
    this.shown = tracks.map((_, n) => n).slice(0, 4);
    this.position = this.range.from;
    this.#settle();
  }

  play(backward: boolean): void {
    this.backward = backward;
    const atEnd = backward ? this.position <= this.range.from : this.position >= this.range.to - 1;
    if (atEnd) this.position = backward ? this.range.to - 1 : this.range.from;
    if (!this.playing) {
      this.playing = true;
      this.#last = performance.now();
      this.#frame = requestAnimationFrame(this.#tick);
    }
  }

  freeze(): void {
    this.playing = false;
    cancelAnimationFrame(this.#frame);
  }

  /** A button that is pressed already comes up again. */
  press(backward: boolean): void {
    if (this.playing && this.backward === backward) this.freeze();
    else this.play(backward);
  }

  toggle(): void {
    if (this.playing) this.freeze();
    else this.play(this.backward);
  }

  faster(by: 1 | -1): void {
    const at = SPEEDS.findIndex((speed) => speed >= this.speed);
    this.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + by))]!;
  }

  goTo(us: number): void {
    this.position = Math.max(this.range.from, Math.min(this.range.to - 1, Math.round(us)));
    this.#settle();
  }

  /** One picture of the chosen camera; the others follow its clock. */
  step(by: 1 | -1): void {
    this.freeze();
    const found = this.tracks[this.active]?.step(this.position, by) ?? null;
    if (found !== null) {
      this.backward = by === -1;
      this.goTo(found);
    }
  }

  place(camera: number): Place | null {
    return this.tracks[camera]?.at(this.position) ?? null;
  }

  picture(camera: number): VideoFrame | null {
    const place = this.place(camera);
    return place === null ? null : this.stores[camera]!.peek(place);
  }

  close(): void {
    this.#closed = true;
    this.freeze();
    for (const store of this.stores) store.close();
  }

  #tick = (now: number): void => {
    if (!this.playing || this.#closed) return;
    const elapsed = Math.min(LONGEST_TICK_MS, Math.max(0, now - this.#last));
    this.#last = now;
    const target = this.position + elapsed * 1000 * this.speed * (this.backward ? -1 : 1);
    const inside = Math.max(this.range.from, Math.min(this.range.to - 1, target));
    if (this.#ready(inside)) {
      this.position = inside;
      this.drawn++;
      if (inside !== target) return this.freeze();
      this.#ahead(inside);
    }
    this.#frame = requestAnimationFrame(this.#tick);
  };

  /** Whether every picture due at an instant can be drawn; those that cannot are asked for. */
  #ready(us: number): boolean {
    let ready = true;
    for (const camera of this.shown) {
      const place = this.tracks[camera]!.at(us);
      const store = this.stores[camera]!;
      if (place === null || store.peek(place) !== null || store.trouble(place) !== null) continue;
      store.want(place, this.backward ? -1 : 1);
      ready = false;
    }
    this.waiting = !ready;
    return ready;
  }

  #ahead(us: number): void {
    for (const camera of this.shown) {
      const here = this.tracks[camera]!.at(us);
      if (here === null) continue;
      const next = this.tracks[camera]!.at(this.backward ? here.group.startUs - 1 : here.group.endUs);
      if (next !== null) this.stores[camera]!.want(next, this.backward ? -1 : 1);
    }
  }

  #settle(): void {
    if (this.#closed) return;
    this.#ready(this.position);
    this.drawn++;
  }
}
