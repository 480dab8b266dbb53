/** The arrangement of a wall: read back with suspicion, moved through with the arrows. Pure. */

export type GridSize = 1 | 4 | 9 | 16;
export const GRIDS: readonly GridSize[] = [1, 4, 9, 16];
export interface Layout {
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
