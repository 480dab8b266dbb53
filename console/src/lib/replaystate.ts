/** What a replay is asked and what it says of itself. */
import { withGap } from './planner';
import type { OpenedView, Refusal, Text } from './types';
import type { GapMessage } from './wire';

export type ReplayState = 'opening' | 'loading' | 'playing' | 'paused' | 'gap' | 'ended' | 'refused' | 'cut' | 'unreachable';

export interface ReplayTimeline {
  from: number;
  to: number;
  recorded: [number, number][];
  gaps: GapMessage[];
  destroyed: GapMessage[];
}

export interface ReplayStatus {
  state: ReplayState;
  text: Text | null;
  refusal: Refusal | null;
  view: OpenedView | null;
  timeline: ReplayTimeline | null;
  gap: GapMessage | null;
  rate: number;
  /** Whether it is to play, also while a gap is shown or pictures are awaited. */
  going: boolean;
  /** Where it could go on behind pictures that this browser cannot play. */
  beyondUs: number | null;
  /** The centre says nothing: whether the pictures may still be seen is not known, and they are hidden. */
  silent: boolean;
}

export const OPENING: ReplayStatus = {
  state: 'opening', text: null, refusal: null, view: null, timeline: null, gap: null, rate: 1, going: true, beyondUs: null, silent: false,
};

/** The timeline with a gap that was told while playing, within the period. */
export function lacking(timeline: ReplayTimeline, { from, to, cause }: GapMessage): ReplayTimeline {
  const gap = { from: Math.max(from, timeline.from), to: Math.min(to, timeline.to), cause };
  return gap.to > gap.from ? { ...timeline, gaps: withGap(timeline.gaps, gap) } : timeline;
}

export interface ReplayRequest {
  camera: string;
  reason: string;
  fromUs: number;
  toUs: number;
  /** Where to start, within the range. */
  atUs: number;
  /** The purpose of the reason, for who asks why it was refused. */
  purpose?: string | null;
  /** The door of the view when it is not the ordinary one: that of a viewing on site. */
  path?: string;
}
