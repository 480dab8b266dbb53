/** What a replay is asked and what it says of itself. */
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
  /** The centre says nothing: whether the pictures may still be seen is not known, and they are hidden. */
  silent: boolean;
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
