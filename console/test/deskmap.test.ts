import { describe, expect, it } from 'vitest';
import { boundsOf, cameraFeatures, circle, circleFeatures, communeFeatures, placed, written, type MapCamera } from '../src/lib/deskmap';
import { coordinates } from '../src/lib/desktime';

const camera = (id: string, lat: number | null, lon: number | null, commune = 'Bourg'): MapCamera => ({ id, name: `Place ${id}`, commune, lat, lon });
const metres = (a: [number, number], b: [number, number]): number => {
  const rad = Math.PI / 180;
  const half = Math.sin(((b[1] - a[1]) * rad) / 2) ** 2 + Math.cos(a[1] * rad) * Math.cos(b[1] * rad) * Math.sin(((b[0] - a[0]) * rad) / 2) ** 2;
  return 2 * 6_371_000 * Math.asin(Math.sqrt(half));
};

describe('the map of the desk', () => {
  it('draws every camera that has a place and no other', () => {
    const cameras = [camera('a', 48, 2), camera('b', null, 2), camera('c', 48.1, null)];
    expect(placed(cameras).map((one) => one.id)).toEqual(['a']);
    const drawn = cameraFeatures(cameras, new Set(['a']), new Set());
    expect(drawn.features.map((one) => one.properties)).toEqual([{ id: 'a', name: 'Place a', found: true, picked: false }]);
    expect(drawn.features[0]?.geometry.coordinates).toEqual([2, 48]);
  });

  it('draws a circle whose every corner is as far as was said, as the centre measures', () => {
    for (const radius of [50, 300, 5000]) {
      for (const lat of [-60, 0, 43.3, 50.9]) {
        const ring = circle({ lat, lon: 2.35 }, radius);
        expect(ring[0]).toEqual(ring.at(-1));
        for (const corner of ring) expect(Math.abs(metres([2.35, lat], corner) - radius)).toBeLessThan(radius * 0.005);
      }
    }
    expect(circleFeatures(null, 300).features).toEqual([]);
    expect(circleFeatures({ lat: 48, lon: 2 }, 300).features.length).toBe(2);
  });

  it('names each commune once, in the middle of its cameras', () => {
    const named = communeFeatures([camera('a', 48, 2), camera('b', 50, 4), camera('c', 40, 1, 'Val')]).features;
    expect(named.map((one) => [one.properties['name'], one.geometry.coordinates])).toEqual([['Bourg', [3, 49]], ['Val', [1, 40]]]);
  });

  it('frames what it is given', () => {
    expect(boundsOf([])).toBeNull();
    const [west, south, east, north] = boundsOf([{ lat: 48, lon: 2 }]) ?? [0, 0, 0, 0];
    expect(west).toBeLessThan(2);
    expect(east).toBeGreaterThan(2);
    expect(south).toBeLessThan(48);
    expect(north).toBeGreaterThan(48);
  });

  it('writes a point so that the search field reads it again', () => {
    const read = coordinates(written({ lat: 48.856_613, lon: -2.352_222 }));
    expect(read).toEqual([48.85661, -2.35222]);
  });
});
