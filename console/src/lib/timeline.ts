/** Geometry of the timeline: between microseconds and pixels, zoom around a point, ticks. Pure. */
import { legalOffsetUs } from './time';

export interface Reach {
  from: number;
  to: number;
}

export const MIN_SPAN_US = 10e6;

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

export const xOf = (us: number, reach: Reach, width: number): number => ((us - reach.from) / (reach.to - reach.from)) * width;

export const usAt = (x: number, reach: Reach, width: number): number =>
  width <= 0 ? reach.from : reach.from + (clamp(x, 0, width) / width) * (reach.to - reach.from);

function fit(from: number, span: number, granted: Reach): Reach {
  const start = clamp(from, granted.from, granted.to - span);
  return { from: start, to: start + span };
}

/** Zooms so that what is under the pointer stays under the pointer, from ten seconds to all that was granted. */
export function zoomAround(reach: Reach, granted: Reach, pivotUs: number, factor: number): Reach {
  const all = granted.to - granted.from;
  const old = reach.to - reach.from;
  const span = clamp(old * factor, Math.min(MIN_SPAN_US, all), all);
  const share = old > 0 ? (pivotUs - reach.from) / old : 0.5;
  return fit(pivotUs - share * span, span, granted);
}

export function pan(reach: Reach, granted: Reach, deltaUs: number): Reach {
  return fit(reach.from + deltaUs, reach.to - reach.from, granted);
}

/** Turns the page when the playhead leaves the window; does not move otherwise. */
export function follow(reach: Reach, granted: Reach, atUs: number): Reach {
  if (atUs >= reach.from && atUs <= reach.to) return reach;
  const span = reach.to - reach.from;
  return fit(atUs - span * (atUs > reach.to ? 0.1 : 0.9), span, granted);
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

export interface Tick {
  us: number;
  x: number;
  /** A day begins here: its date is worth writing. */
  day: boolean;
}

/** Ticks on round legal times, at least `minPx` apart. `withSeconds` says whether labels need seconds. */
export function ticks(reach: Reach, width: number, minPx = 84): { list: Tick[]; withSeconds: boolean } {
  const span = reach.to - reach.from;
  if (span <= 0 || width <= 0) return { list: [], withSeconds: false };
  const stepS = STEPS_S.find((step) => (step * 1e6 * width) / span >= minPx) ?? 86_400;
  const step = stepS * 1e6;
  const offset = legalOffsetUs(reach.from);
  const list: Tick[] = [];
  for (let us = Math.ceil((reach.from + offset) / step) * step - offset; us <= reach.to; us += step) {
    list.push({ us, x: xOf(us, reach, width), day: (us + offset) % 86_400e6 === 0 });
  }
  return { list, withSeconds: stepS < 60 };
}

/** Spans as drawn: cut to the window, none thinner than a pixel, neighbours closer than a pixel drawn as one. */
export function drawn(spans: readonly Reach[], reach: Reach, width: number): { x: number; width: number }[] {
  const out: { x: number; width: number }[] = [];
  for (const span of spans) {
    if (span.to <= reach.from || span.from >= reach.to) continue;
    const x = Math.max(0, xOf(span.from, reach, width));
    const end = Math.min(width, xOf(span.to, reach, width));
    const last = out.at(-1);
    if (last && x - (last.x + last.width) < 1) last.width = Math.max(last.width, end - last.x);
    else out.push({ x, width: Math.max(1, end - x) });
  }
  return out;
}
