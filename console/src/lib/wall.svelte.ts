/** The wall as the person arranged it: kept for the session of this window, so that a reload loses nothing. */

export type GridSize = 1 | 4 | 9 | 16;
export const GRIDS: readonly GridSize[] = [1, 4, 9, 16];
const KEPT = 'beffroi.wall';

interface Layout {
  size: GridSize;
  tiles: (string | null)[];
  selected: number;
}

export function readLayout(json: string | null): Layout {
  const fresh: Layout = { size: 4, tiles: Array.from({ length: 16 }, () => null), selected: 0 };
  if (!json) return fresh;
  try {
    const kept = JSON.parse(json) as Partial<Layout> | null;
    const size = GRIDS.find((grid) => grid === kept?.size) ?? 4;
    const tiles = fresh.tiles.map((_, index) => {
      const tile: unknown = Array.isArray(kept?.tiles) ? kept.tiles[index] : null;
      return typeof tile === 'string' ? tile : null;
    });
    const selected = Number.isInteger(kept?.selected) ? Math.min(Math.max(kept?.selected ?? 0, 0), size - 1) : 0;
    return { size, tiles, selected };
  } catch {
    return fresh;
  }
}

/** The tile an arrow key leads to, in a square grid; the same one at the border. */
export function neighbour(selected: number, size: GridSize, key: string): number {
  const side = Math.sqrt(size);
  const row = Math.floor(selected / side);
  const column = selected % side;
  const step: Record<string, [number, number]> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  };
  const [down, right] = step[key] ?? [0, 0];
  const inside = (n: number): number => Math.min(Math.max(n, 0), side - 1);
  return inside(row + down) * side + inside(column + right);
}

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
