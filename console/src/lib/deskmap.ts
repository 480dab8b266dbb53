/** What the desk's map draws, as GeoJSON: cameras as named points, communes as words, the circle searched. Pure. */

export interface MapCamera {
  id: string;
  name: string;
  commune: string;
  lat: number | null;
  lon: number | null;
}

export interface Point {
  lat: number;
  lon: number;
}

export interface Feature {
  type: 'Feature';
  geometry: { type: 'Point'; coordinates: [number, number] } | { type: 'Polygon'; coordinates: [number, number][][] };
  properties: Record<string, string | boolean>;
}
export interface Features {
  type: 'FeatureCollection';
  features: Feature[];
}

const EARTH_M = 6_371_000;
const RADIAN = Math.PI / 180;
const STEPS = 72;

export const placed = <T extends MapCamera>(cameras: readonly T[]): (T & Point)[] =>
  cameras.filter((one): one is T & Point => one.lat !== null && one.lon !== null);

const dot = (point: Point, properties: Record<string, string | boolean>): Feature => ({
  type: 'Feature',
  geometry: { type: 'Point', coordinates: [point.lon, point.lat] },
  properties,
});

/** Cameras as points: `found` by the search, `picked` to be held. */
export function cameraFeatures(cameras: readonly MapCamera[], found: ReadonlySet<string>, picked: ReadonlySet<string>): Features {
  const features = placed(cameras).map((one) =>
    dot(one, { id: one.id, name: one.name, found: found.has(one.id), picked: picked.has(one.id) }),
  );
  return { type: 'FeatureCollection', features };
}

/** The name of each commune at the middle of its cameras. */
export function communeFeatures(cameras: readonly MapCamera[]): Features {
  const groups = new Map<string, Point[]>();
  for (const one of placed(cameras)) groups.set(one.commune, [...(groups.get(one.commune) ?? []), one]);
  const middle = (points: Point[], axis: keyof Point): number => points.reduce((sum, one) => sum + one[axis], 0) / points.length;
  const features = [...groups].map(([name, points]) => dot({ lat: middle(points, 'lat'), lon: middle(points, 'lon') }, { name }));
  return { type: 'FeatureCollection', features };
}

/** A circle on the ground, as a polygon whose last corner is its first. */
export function circle(centre: Point, radiusM: number): [number, number][] {
  const across = Math.cos(centre.lat * RADIAN);
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const turn = ((step % STEPS) / STEPS) * 2 * Math.PI;
    const [north, east] = [Math.cos(turn) * radiusM, Math.sin(turn) * radiusM];
    return [centre.lon + east / (EARTH_M * across * RADIAN), centre.lat + north / (EARTH_M * RADIAN)];
  });
}

export function circleFeatures(centre: Point | null, radiusM: number): Features {
  const polygon: Feature[] = centre
    ? [{ type: 'Feature', geometry: { type: 'Polygon', coordinates: [circle(centre, radiusM)] }, properties: {} }, dot(centre, {})]
    : [];
  return { type: 'FeatureCollection', features: polygon };
}

/** [west, south, east, north] of points; null when there are none. A single point gets a street's width around it. */
export function boundsOf(points: readonly Point[]): [number, number, number, number] | null {
  if (points.length === 0) return null;
  const [lats, lons] = [points.map((one) => one.lat), points.map((one) => one.lon)];
  const room = 0.001;
  return [Math.min(...lons) - room, Math.min(...lats) - room, Math.max(...lons) + room, Math.max(...lats) + room];
}

/** A point as the search field writes it. */
export const written = (point: Point): string => `${point.lat.toFixed(5)} ${point.lon.toFixed(5)}`;
