/**
 * What the replay does next, from what is buffered and what is known to be missing. Pure. Media time is seconds since
 * the start of the granted range; a gap is a stored fact, never guessed from an empty buffer.
 */
import type { Span } from './controller';

export const KEEP_BEHIND_S = 30;
/** Decoders stop a little before the last sample's end. */
const EDGE_S = 0.08;
/** Between two files of one run a few milliseconds may be missing: not a gap, simply stepped over. */
const SEAM_S = 1;

export type Step =
  | { kind: 'play' }
  | { kind: 'wait' }
  | { kind: 'jump'; to: number }
  | { kind: 'gap'; gap: Span }
  | { kind: 'end' };

export function nextStep(at: number, buffered: readonly Span[], gaps: readonly Span[], endS: number | null): Step {
  const here = buffered.find((span) => at >= span.start - 0.001 && at < span.end - EDGE_S);
  if (here) return { kind: 'play' };
  if (endS !== null && at >= endS - EDGE_S * 2) return { kind: 'end' };
  const gap = gaps.find((candidate) => at >= candidate.start - EDGE_S * 2 && at < candidate.end - 0.001);
  const next = buffered.find((span) => span.start > at);
  if (gap) return { kind: 'gap', gap };
  if (next && next.start - at <= SEAM_S) return { kind: 'jump', to: next.start + 0.001 };
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
