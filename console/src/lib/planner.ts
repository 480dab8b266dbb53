/**
 * What the replay does next, from what is buffered and what is known to be missing. Pure. Media time is seconds since
 * the start of the granted range; a gap is a stored fact, never guessed from an empty buffer.
 */
import type { Span } from './controller';

export const KEEP_BEHIND_S = 30;
/** Decoders stop a little before the last sample's end. */
const EDGE_S = 0.08;
/** The same for an element that stands there by itself: up to one picture of a slow camera. */
export const STOOD_EDGE_S = 0.55;
/** A hole of a second is not told as a gap: it is stepped over. Media time may stray two pictures from wall time. */
const SEAM_S = 1.1;

export type Step =
  | { kind: 'play' }
  | { kind: 'wait' }
  | { kind: 'jump'; to: number }
  | { kind: 'gap'; gap: Span }
  | { kind: 'end' };

/** @param edge how far before the end of what is buffered (s) the element counts as having come to it */
export function nextStep(at: number, buffered: readonly Span[], gaps: readonly Span[], endS: number | null, edge = EDGE_S): Step {
  const here = buffered.find((span) => at >= span.start - 0.001 && at < span.end - edge);
  if (here) return { kind: 'play' };
  if (endS !== null && at >= endS - edge - EDGE_S) return { kind: 'end' };
  const gap = gaps.find((candidate) => at >= candidate.start - edge - EDGE_S && at < candidate.end - 0.001);
  const next = buffered.find((span) => span.start > at);
  if (gap) return { kind: 'gap', gap };
  // A hole is as long as it is, wherever before it the element stopped.
  const stop = Math.max(at, ...buffered.filter((span) => at >= span.start - 0.001 && at < span.end).map((span) => span.end));
  if (next && next.start - stop <= SEAM_S) return { kind: 'jump', to: next.start + 0.001 };
  // Pictures further on, with no gap told between: the centre began at the next key frame it has.
  if (next && !buffered.some((span) => at >= span.start && at <= span.end + SEAM_S)) return { kind: 'jump', to: next.start + 0.001 };
  return { kind: 'wait' };
}

export function isBuffered(at: number, buffered: readonly Span[]): boolean {
  return buffered.some((span) => at >= span.start && at < span.end - EDGE_S);
}

/** What may be dropped to keep memory level: all that is far behind the playhead. Null when nothing is worth it. */
export function dropBehind(at: number, buffered: readonly Span[], keep = KEEP_BEHIND_S): Span | null {
  const first = buffered[0];
  const end = at - keep;
  return first && end - first.start > 10 ? { start: 0, end } : null;
}

/** J, K, L as in editing software: each further press doubles the speed, the opposite key comes back. */
export function shuttle(rate: number, key: 'j' | 'l'): number {
  const forward = key === 'l' ? 1 : -1;
  if (rate === 0) return forward;
  if (Math.sign(rate) === forward) return Math.max(-8, Math.min(8, rate * 2));
  return Math.abs(rate) > 1 ? rate / 2 : forward;
}

/** Adds a gap that the centre told of, once. */
export function withGap<T extends { from: number; to: number }>(known: readonly T[], gap: T): T[] {
  if (known.some((other) => other.from <= gap.from && other.to >= gap.to)) return [...known];
  return [...known.filter((other) => other.to <= gap.from || other.from >= gap.to), gap].sort((a, b) => a.from - b.from);
}

interface Reversing {
  atUs: number;
  rate: number;
  seeking: boolean;
  timeline: { from: number; gaps: readonly { from: number; to: number }[] };
  spans: readonly Span[];
}

/** Plays backwards by placing the element again and again: its clock, and when it last asked for what lies before. */
export class Backwards {
  #sinceMs = 0;
  #askedMs = 0;

  /** It goes on from where it stands, not from where it would be by now. */
  goOn(nowMs: number): void {
    this.#sinceMs = nowMs;
  }

  step(nowMs: number, { atUs, rate, seeking, timeline, spans }: Reversing): { kind: 'stay' } | { kind: 'start' } | { kind: 'show' | 'ask'; us: number } {
    if (seeking && nowMs - this.#sinceMs < 1500) return { kind: 'stay' };
    const target = atUs + rate * (nowMs - this.#sinceMs) * 1000;
    this.#sinceMs = nowMs;
    if (target <= timeline.from) return { kind: 'start' };
    const gap = timeline.gaps.find((candidate) => target >= candidate.from && target < candidate.to);
    const us = gap ? gap.from - 100_000 : target;
    if (isBuffered((us - timeline.from) / 1e6, spans)) return { kind: 'show', us };
    if (nowMs - this.#askedMs <= 2000) return { kind: 'stay' };
    this.#askedMs = nowMs;
    return { kind: 'ask', us };
  }
}
