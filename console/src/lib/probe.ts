/** Measures left in view of a test or of a person with the browser's tools: what was shown, how late. Never a control. */

export interface TileProbe {
  frames: number;
  delayMs: number[];
  state: string;
  camera: string | null;
}

export interface ReplayProbe {
  frames: number;
  state: string;
  atUs: number | null;
  /** From the request to the first picture shown (ms). */
  startedMs: number | null;
  /** From the last seek to its first picture (ms). */
  seekMs: number | null;
  camera: string;
  fromUs: number | null;
  toUs: number | null;
  error: string | null;
}

declare global {
  interface Window {
    __beffroi: { tiles: (TileProbe | null)[]; replay: ReplayProbe | null };
  }
}

export function probe(): Window['__beffroi'] {
  window.__beffroi ??= { tiles: [], replay: null };
  return window.__beffroi;
}

const KEPT = 300;

export function keepDelay(list: number[], delayMs: number): void {
  list.push(Math.round(delayMs * 10) / 10);
  if (list.length > KEPT) list.shift();
}
