// All the pictures of one camera on the recorder's wall clock.

import type { CameraFacts, GapNote, Manifest } from '../verify/manifest';
import type { Package } from '../verify/package';
import { type Group, type Movie, openMovie } from './movie';

export interface Place {
  group: Group;
  index: number;
  startUs: number;
  endUs: number;
}

export interface Span {
  from: number;
  to: number;
}

export class Track {
  constructor(
    readonly camera: CameraFacts,
    readonly asked: readonly Span[],
    readonly gaps: readonly GapNote[],
    readonly movies: readonly Movie[],
    /** In order of time. */
    readonly groups: readonly Group[],
    /** Files that could not be read. */
    readonly unread: readonly string[],
  ) {}

  /** The picture shown at an instant; null where there is none, or where none was asked for. */
  at(us: number): Place | null {
    if (!this.asked.some((one) => one.from <= us && us < one.to)) return null;
    const found = this.#before(us);
    return found === null || us >= found.endUs ? null : found;
  }

  /** The start of the next picture, or of the one before. */
  step(us: number, by: 1 | -1): number | null {
    return by === 1 ? this.#after(us) : this.#earlier(us);
  }

  gapAt(us: number): GapNote | null {
    return this.gaps.find((gap) => gap.from <= us && us < gap.to) ?? null;
  }

  /** Stretches with pictures, for the drawing. */
  spans(): Span[] {
    const found: Span[] = [];
    for (const group of this.groups) {
      const last = found.at(-1);
      if (last !== undefined && group.startUs - last.to < 300_000) last.to = Math.max(last.to, group.endUs);
      else found.push({ from: group.startUs, to: group.endUs });
    }
    return found.flatMap((one) =>
      this.asked
        .map((asked) => ({ from: Math.max(one.from, asked.from), to: Math.min(one.to, asked.to) }))
        .filter((cut) => cut.to > cut.from),
    );
  }

  #before(us: number): Place | null {
    const number = lastAtOrBefore(this.groups, us, (group) => group.startUs);
    return number < 0 ? null : this.#place(number, us);
  }

  #place(number: number, us: number): Place {
    const group = this.groups[number]!;
    const index = lastAtOrBefore(group.times, us, (time) => time);
    const after = group.times[index + 1] ?? group.endUs;
    const next = this.groups[number + 1];
    const endUs = next !== undefined && next.startUs > group.times[index]! ? Math.min(after, next.startUs) : after;
    return { group, index, startUs: group.times[index]!, endUs };
  }

  #after(us: number): number | null {
    const number = lastAtOrBefore(this.groups, us, (group) => group.startUs);
    const own = number < 0 ? undefined : this.groups[number]!.times.find((time) => time > us);
    const limit = this.groups[number + 1]?.startUs ?? Number.POSITIVE_INFINITY;
    const found = own !== undefined && own < limit ? own : limit;
    return this.asked.some((one) => one.from <= found && found < one.to) ? found : this.#nextAsked(found);
  }

  /** The first picture of the next range asked for. */
  #nextAsked(us: number): number | null {
    const starts = this.asked.map((one) => one.from).filter((from) => from > us).toSorted((a, b) => a - b);
    return starts.find((from) => this.at(from) !== null) ?? null;
  }

  #earlier(us: number): number | null {
    const here = this.#before(us);
    if (here === null) return null;
    const found = here.startUs < us && here.endUs <= us ? here : this.#before(here.startUs - 1);
    if (found === null) return null;
    const inside = this.asked.find((one) => one.from < found.endUs && found.startUs < one.to);
    return inside === undefined ? null : Math.max(found.startUs, inside.from);
  }
}

function lastAtOrBefore<T>(list: readonly T[], us: number, of: (item: T) => number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]!) <= us) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export async function openTracks(given: Package, manifest: Manifest): Promise<Track[]> {
  const tracks: Track[] = [];
  for (const camera of manifest.cameras) {
    const movies: Movie[] = [];
    const unread: string[] = [];
    for (const file of manifest.files.filter((one) => one.camera === camera.id)) {
      const bytes = given.files.get(file.path);
      try {
        if (bytes === undefined) throw new Error('missing');
        movies.push(await openMovie(file, bytes));
      } catch {
        unread.push(file.path);
      }
    }
    const groups = movies.flatMap((movie) => movie.groups).toSorted((a, b) => a.startUs - b.startUs);
    const own = <T extends { camera: string }>(list: readonly T[]): T[] => list.filter((one) => one.camera === camera.id);
    tracks.push(new Track(camera, own(manifest.asked), own(manifest.gaps), movies, groups, unread));
  }
  return tracks;
}
