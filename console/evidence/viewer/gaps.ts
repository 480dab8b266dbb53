// The gaps told, as a person reads them: notes that touch are one gap, whatever their causes; it is measured whole.

import type { GapNote } from '../verify/manifest';

/** Shorter than this, a gap whose only causes are those of `SEAMS` is a seam between two groups of pictures. */
const SEAM_US = 300_000;
const SEAMS: ReadonlySet<string> = new Set(['clock_step', 'unknown']);

export interface Gap {
  camera: string;
  from: number;
  to: number;
  /** Each once, in the order of time. */
  causes: string[];
}

export interface Gaps {
  long: Gap[];
  seams: number;
  seamsUs: number;
}

export function readable(gaps: readonly GapNote[]): Gaps {
  const joined: Gap[] = [];
  for (const { camera, from, to, cause } of gaps.toSorted((a, b) => (a.camera < b.camera ? -1 : a.camera > b.camera ? 1 : a.from - b.from))) {
    const last = joined.at(-1);
    if (last !== undefined && last.camera === camera && from <= last.to) {
      last.to = Math.max(last.to, to);
      if (!last.causes.includes(cause)) last.causes.push(cause);
    } else {
      joined.push({ camera, from, to, causes: [cause] });
    }
  }
  const isSeam = ({ from, to, causes }: Gap): boolean => to - from < SEAM_US && causes.every((cause) => SEAMS.has(cause));
  const seams = joined.filter(isSeam);
  return { long: joined.filter((gap) => !isSeam(gap)), seams: seams.length, seamsUs: seams.reduce((sum, { from, to }) => sum + to - from, 0) };
}
