import { describe, expect, it } from 'vitest';
import { neighbour, readLayout } from '../src/lib/layout';

describe('layout kept', () => {
  it('comes back as it was', () => {
    const kept = { size: 9, tiles: ['a', null, 'b'], selected: 2 };
    expect(readLayout(JSON.stringify(kept))).toMatchObject({ size: 9, selected: 2 });
    expect(readLayout(JSON.stringify(kept)).tiles.slice(0, 4)).toEqual(['a', null, 'b', null]);
  });
  it.each([null, '', 'x', 'null', '[]', '{"size":7,"tiles":"a","selected":99}', '{"tiles":[1,{}],"selected":-4}'])('survives %j', (json) => {
    const layout = readLayout(json);
    expect(layout.tiles).toHaveLength(16);
    expect(layout.selected).toBeLessThan(layout.size);
    expect(layout.selected).toBeGreaterThanOrEqual(0);
  });
});

describe('neighbour', () => {
  it('moves in the grid and stops at its border', () => {
    expect([neighbour(4, 9, 'ArrowUp'), neighbour(4, 9, 'ArrowDown'), neighbour(4, 9, 'ArrowLeft'), neighbour(4, 9, 'ArrowRight')]).toEqual([1, 7, 3, 5]);
    expect([neighbour(0, 9, 'ArrowUp'), neighbour(8, 9, 'ArrowRight'), neighbour(0, 1, 'ArrowDown')]).toEqual([0, 8, 0]);
  });
});
