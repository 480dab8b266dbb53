/** The machine's state, for those who look after it. */
import type { MachineNotice } from './types';

/** The disk that the pictures go to; bytes. `holds_days`: how long it holds all cameras together. */
export interface DiskState {
  size: number;
  free: number;
  used_percent: number;
  line: number;
  alarm: 0 | 80 | 90 | 95;
  holds_days: number | null;
  short: boolean;
  stopped: number;
  refused: number;
}

export interface MachineState {
  notices: MachineNotice[];
  disk: DiskState | null;
}
