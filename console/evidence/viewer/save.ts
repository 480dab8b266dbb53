// What can be saved: a still as PNG, a sequence as MP4 with the recorded bytes of its pictures.

import { walk } from '../verify/boxes';
import { type Bytes, view } from '../verify/bytes';
import type { Entry } from '../verify/chunk';
import { readMoof } from '../verify/fragment';
import { fileHead } from '../verify/head';
import { references } from '../verify/layout';
import { type Group, fragmentsOf } from './movie';
import { inName } from './time';
import type { Span, Track } from './track';

export function give(name: string, data: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The picture as it was decoded, full size, nothing written over it. */
export async function still(camera: string, timeUs: number, frame: VideoFrame): Promise<{ name: string; data: Blob }> {
  const canvas = new OffscreenCanvas(frame.displayWidth, frame.displayHeight);
  canvas.getContext('2d')!.drawImage(frame, 0, 0);
  return { name: `${camera}_${inName(timeUs)}.png`, data: await canvas.convertToBlob({ type: 'image/png' }) };
}

export interface Sequence {
  name: string;
  data: Blob;
  span: Span;
}

/** One file for each recording that the range meets, from the group that holds its beginning to the one of its end. */
export async function sequences(track: Track, asked: Span): Promise<Sequence[]> {
  const found: Sequence[] = [];
  for (const movie of track.movies) {
    const groups = movie.groups.filter((group) => group.startUs < asked.to && asked.from < group.endUs);
    if (groups.length > 0) found.push(await sequence(track.camera.id, groups));
  }
  return found;
}

type Piece = Pick<Entry, 'length' | 'key'>;

async function sequence(camera: string, groups: readonly Group[]): Promise<Sequence> {
  const [first, last] = [groups[0]!, groups.at(-1)!];
  const blocks: Bytes[] = [];
  const pieces: Piece[] = [];
  const times = [0];
  let skip90k: number | null = null;
  let base90k: number | null = null;
  for (const group of groups) {
    const data = await group.movie.bytes.read(group.from, group.to);
    const fragments = fragmentsOf(data);
    for (const [n, { start, moof }] of fragments.entries()) {
      const { samples } = readMoof(moof, null);
      const [opening, closing] = [samples[0]!, samples.at(-1)!];
      base90k ??= opening.dts90k;
      skip90k ??= opening.pts90k - opening.dts90k;
      renumber(moof, pieces.length + 1, opening.dts90k - base90k);
      times[pieces.length] = opening.dts90k - base90k;
      times.push(closing.dts90k + closing.duration90k - base90k);
      const end = fragments[n + 1]?.start ?? data.length;
      pieces.push({ length: end - start, key: opening.key });
    }
    blocks.push(data);
  }
  const head = fileHead(first.movie.config, {
    takenUs: first.startUs,
    duration90k: times.at(-1)!,
    skip90k: skip90k ?? 0,
    references: references(pieces, times),
  });
  const span = { from: first.startUs, to: last.endUs };
  const name = `${camera}_${inName(span.from)}_${inName(span.to)}.mp4`;
  return { name, data: new Blob([head, ...blocks], { type: 'video/mp4' }), span };
}

/** Its number and its decode time in the new file: nothing else of a fragment changes. */
function renumber(moof: Bytes, sequenceNumber: number, dts90k: number): void {
  const put = view(moof);
  for (const item of walk(moof, 8)) {
    if (item.kind === 'mfhd') put.setUint32(item.body + 4, sequenceNumber);
    if (item.kind !== 'traf') continue;
    const times = walk(moof, item.body, item.end).find((inner) => inner.kind === 'tfdt');
    if (times !== undefined) put.setBigUint64(times.body + 4, BigInt(dts90k));
  }
}
