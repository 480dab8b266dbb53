/** The wall as the person arranged it: kept for the session of this window, so that a reload loses nothing. */

import { GRIDS, readLayout, type GridSize } from './layout';

const KEPT = 'beffroi.wall';

export class Wall {
  size = $state<GridSize>(4);
  tiles = $state<(string | null)[]>([]);
  selected = $state(0);
  enlarged = $state(false);
  black = $state(false);

  constructor() {
    const layout = readLayout(sessionStorage.getItem(KEPT));
    this.size = layout.size;
    this.tiles = layout.tiles;
    this.selected = layout.selected;
  }

  #keep(): void {
    sessionStorage.setItem(KEPT, JSON.stringify({ size: this.size, tiles: this.tiles, selected: this.selected }));
  }

  select(index: number): void {
    if (index < 0 || index >= this.size) return;
    this.selected = index;
    this.#keep();
  }

  setSize(size: GridSize): void {
    this.size = size;
    this.enlarged = false;
    this.selected = Math.min(this.selected, size - 1);
    this.#keep();
  }

  cycle(): void {
    this.setSize(GRIDS[(GRIDS.indexOf(this.size) + 1) % GRIDS.length] ?? 4);
  }

  /** Puts a camera on a tile and moves the choice on to the next free one, so that several follow in a row. */
  put(camera: string, index = this.selected): void {
    this.tiles[index] = camera;
    this.selected = index;
    if (!this.enlarged) {
      for (let step = 1; step < this.size; step += 1) {
        const next = (index + step) % this.size;
        if (this.tiles[next] === null) {
          this.selected = next;
          break;
        }
      }
    }
    this.#keep();
  }

  remove(index: number): void {
    this.tiles[index] = null;
    if (index === this.selected) this.enlarged = false;
    this.#keep();
  }

  fill(cameras: string[]): void {
    const shown = new Set(this.tiles.slice(0, this.size));
    const free = cameras.filter((camera) => !shown.has(camera));
    for (let index = 0; index < this.size; index += 1) this.tiles[index] ??= free.shift() ?? null;
    this.#keep();
  }

  clear(): void {
    this.tiles = this.tiles.map(() => null);
    this.selected = 0;
    this.enlarged = false;
    this.#keep();
  }
}
