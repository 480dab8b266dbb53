// The gaps told, as a person reads them: notes that touch are one, and those too short to hide anything are counted.

import type { GapNote } from '../verify/manifest';

/** Shorter than this, a gap is a seam of the recorder's clock between two groups of pictures. */
const SEAM_US = 300_000;

export interface Gaps {
  long: GapNote[];
  seams: number;
  seamsUs: number;
}

export function readable(gaps: readonly GapNote[]): Gaps {
  const joined: GapNote[] = [];
  for (const gap of gaps.toSorted((a, b) => (a.camera < b.camera ? -1 : a.camera > b.camera ? 1 : a.from - b.from))) {
    const last = joined.at(-1);
    if (last !== undefined && last.camera === gap.camera && last.cause === gap.cause && gap.from <= last.to) {
      last.to = Math.max(last.to, gap.to);
    } else {
      joined.push({ ...gap });
    }
  }
  const isLong = ({ from, to }: GapNote): boolean => to - from >= SEAM_US;
  const seams = joined.filter((gap) => !isLong(gap));
  return { long: joined.filter(isLong), seams: seams.length, seamsUs: seams.reduce((sum, { from, to }) => sum + to - from, 0) };
}
