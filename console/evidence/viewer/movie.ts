// The index of a clear MP4 of ours: where each group of pictures lies and when each picture was taken.

import { walk } from '../verify/boxes';
import { type Bytes, latin, view } from '../verify/bytes';
import { type Sample, readMoof } from '../verify/fragment';
import { type Config, readConfig } from '../verify/head';
import type { MediaFile } from '../verify/manifest';
import type { Stretch } from '../verify/package';

/** A key picture and those that need it: the smallest part that decodes alone. Times in microseconds. */
export interface Group {
  movie: Movie;
  number: number;
  /** Where its fragments begin in the file, and end. */
  from: number;
  to: number;
  startUs: number;
  endUs: number;
  /** When each picture begins to be shown, in order. */
  times: number[];
}

export interface Movie {
  file: MediaFile;
  bytes: Stretch;
  config: Config;
  headEnd: number;
  groups: Group[];
}

/** One picture as it is coded. */
export interface Coded {
  key: boolean;
  timeUs: number;
  durationUs: number;
  data: Bytes;
}

const FIRST_READ = 16_384;
const MAX_HEAD = 8 * 2 ** 20;
const toUs = (ticks: number): number => Math.round((ticks * 100) / 9);

export async function openMovie(file: MediaFile, bytes: Stretch): Promise<Movie> {
  const start = await bytes.read(0, Math.min(bytes.size, MAX_HEAD));
  const head = topBoxes(start);
  const config = readConfig(start.subarray(0, head.moovEnd));
  const movie: Movie = { file, bytes, config, headEnd: head.end, groups: [] };
  for (let at = head.end; at < bytes.size; ) {
    const { moof, end } = await fragmentAt(bytes, at);
    const { samples, wallUs } = readMoof(moof, null);
    const first = samples[0]!;
    const base = wallUs ?? file.from;
    const times = samples.map((one) => base + toUs(one.pts90k - first.pts90k)).toSorted((a, b) => a - b);
    const last = samples.reduce((a, b) => (b.pts90k > a.pts90k ? b : a));
    const endUs = base + toUs(last.pts90k - first.pts90k + last.duration90k);
    const group = movie.groups.at(-1);
    if (first.key || group === undefined) {
      movie.groups.push({ movie, number: movie.groups.length, from: at, to: end, startUs: times[0]!, endUs, times });
    } else {
      group.to = end;
      group.endUs = Math.max(group.endUs, endUs);
      group.times = [...group.times, ...times].toSorted((a, b) => a - b);
    }
    at = end;
  }
  return movie;
}

function topBoxes(start: Bytes): { moovEnd: number; end: number } {
  const numbers = view(start);
  let at = 0;
  let moovEnd = 0;
  while (at + 8 <= start.length) {
    const kind = latin(start.subarray(at + 4, at + 8));
    if (kind === 'moof') return { moovEnd, end: at };
    const size = numbers.getUint32(at);
    if (size < 8) break;
    at += size;
    if (kind === 'moov') moovEnd = at;
  }
  throw new Error('no pictures');
}

async function fragmentAt(bytes: Stretch, at: number): Promise<{ moof: Bytes; end: number }> {
  let data = await bytes.read(at, Math.min(bytes.size, at + FIRST_READ));
  const moofSize = data.length < 8 ? 0 : view(data).getUint32(0);
  if (moofSize < 8 || latin(data.subarray(4, 8)) !== 'moof' || at + moofSize + 8 > bytes.size) throw new Error('no fragment');
  if (data.length < moofSize + 8) data = await bytes.read(at, at + moofSize + 8);
  let end = at + moofSize + view(data).getUint32(moofSize);
  if (end <= at + moofSize || end > bytes.size) throw new Error('no pictures in a fragment');
  // what storage had behind the pictures is `free` here
  while (end + 8 <= bytes.size) {
    const next = await bytes.read(end, end + 8);
    if (latin(next.subarray(4, 8)) !== 'free' || view(next).getUint32(0) < 8) break;
    end += view(next).getUint32(0);
  }
  return { moof: data.slice(0, moofSize), end };
}

/** The fragments of a group: where each begins in its bytes. */
export function fragmentsOf(data: Bytes): { start: number; moof: Bytes }[] {
  return walk(data).filter((item) => item.kind === 'moof').map((item) => ({ start: item.start, moof: data.subarray(item.start, item.end) }));
}

/** The coded pictures of a group, in decoding order. */
export async function codedOf(group: Group): Promise<Coded[]> {
  const data = await group.movie.bytes.read(group.from, group.to);
  return fragmentsOf(data).flatMap(({ start, moof }) => {
    const { samples, wallUs } = readMoof(moof, null);
    const base = wallUs ?? group.movie.file.from;
    return samples.map((one: Sample) => ({
      key: one.key,
      timeUs: base + toUs(one.pts90k - samples[0]!.pts90k),
      durationUs: toUs(one.duration90k),
      data: data.subarray(start + one.offset, start + one.offset + one.size),
    }));
  });
}
