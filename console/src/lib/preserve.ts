/** What an operator preserves (constat): calls, types, and the minutes that are meant. Instants are microseconds UTC. */
import { get, part, post } from './api';
import { toIso } from './time';
import type { Me, Text } from './types';

/** Asked for from a live tile (no marks: around this instant) or from a replay. */
export interface PreserveCall {
  camera: string;
  marks: { fromUs: number; toUs: number } | null;
}

export interface Kept {
  camera: string;
  name: string;
  commune: string;
  authority: Text;
  from_us: number;
  to_us: number;
  dies_us: number;
  files: { held: number; growing: number; waiting: number; refused: number; damaged: number; past_term: number };
  complete: boolean;
}

export interface KeptCase {
  id: string;
  call: { service: string };
  holds: Kept[];
}

export interface Neighbour {
  id: string;
  name: string;
  commune: string;
  distance_m: number;
}

const BEFORE_US = 5 * 60e6;
const AFTER_US = 5 * 60e6;
/** Choices offered for a live picture, in minutes. */
export const BEFORE_MIN = [1, 5, 15, 30, 60];
export const AFTER_MIN = [0, 5, 15, 30, 60];

/** The minutes meant in a replay: between the marks; from one mark to the playhead; around the playhead. */
export function meant(markFrom: number | null, markTo: number | null, atUs: number): { fromUs: number; toUs: number } {
  if (markFrom !== null && markTo !== null && markFrom < markTo) return { fromUs: markFrom, toUs: markTo };
  if (markFrom !== null && markFrom < atUs) return { fromUs: markFrom, toUs: atUs };
  if (markTo !== null && atUs < markTo) return { fromUs: atUs, toUs: markTo };
  return { fromUs: atUs - BEFORE_US, toUs: atUs + AFTER_US };
}

export type KeptState = 'held' | 'coming' | 'none' | 'damaged' | 'trouble';

/** What a person needs to know of one line: held, still being recorded, nothing there, in part damaged for ever, or not held yet. */
export function stateOf(kept: Kept): KeptState {
  const { held, growing, waiting, refused, damaged, past_term } = kept.files;
  if (waiting || refused) return 'trouble';
  if (!kept.complete) return 'coming';
  if (damaged || past_term) return 'damaged';
  return held || growing ? 'held' : 'none';
}

/** Whether this person's work is to preserve; the centre decides again. */
export function preserves(me: Me | null): boolean {
  return me?.tools.includes('desk') === true && me?.role !== 'dpo' && me?.role !== 'inspector';
}

export const preserveApi = {
  keep: (call: PreserveCall, reason: string, beforeMin: number, afterMin: number) =>
    post<{ case: KeptCase; neighbours: Neighbour[] }>('/api/desk/safeguards', {
      camera: call.camera,
      reason,
      ...(call.marks ? { from: toIso(call.marks.fromUs), to: toIso(call.marks.toUs) } : { before_min: beforeMin, after_min: afterMin }),
    }),
  widen: (kept: KeptCase, cameras: string[]) => {
    const first = kept.holds[0];
    if (!first) return Promise.resolve(kept);
    const span = { from: toIso(first.from_us), to: toIso(first.to_us) };
    return post<KeptCase>(`/api/desk/cases/${part(kept.id)}/hold`, { cameras: cameras.map((camera) => ({ camera, ...span })) });
  },
  report: (id: string, service: string, person: string, number: string) =>
    post<KeptCase>(`/api/desk/cases/${part(id)}/reported`, { service, person, number }),
  look: (id: string) => get<KeptCase>(`/api/desk/cases/${part(id)}`),
};
