/** Calls of the requisition desk. Instants are microseconds UTC. */
import type { Component } from 'svelte';
import { get, part, post } from './api';
import type { Text } from './types';

/** The hold of a filmed person's request is placed with the request; here it is only read. */
export type CaseKind = 'requisition' | 'safeguard' | 'subject';
export type Frame = 'none' | 'flagrance' | 'preliminary' | 'information';
export const FRAMES: readonly Frame[] = ['none', 'flagrance', 'preliminary', 'information'];

export interface DeskCall {
  caller: string;
  service: string;
  callback: string;
  verified: boolean;
  frame: Frame;
  number: string;
}

/** Minutes of a camera, as the centre takes them: ISO instants. */
export interface DeskLine {
  camera: string;
  from: string;
  to: string;
}

export interface DeskHold {
  camera: string;
  name: string;
  commune: string;
  authority: Text;
  from_us: number;
  to_us: number;
  /** The hold's last day; its images may die before. */
  until_us: number;
  beyond_us: number;
  /** When the first of its images dies unless something changes. */
  dies_us: number;
  /** A requisition in force made it wait for the hand-over. */
  lengthened: boolean;
  /** What a requisition in force lets leave: [from, to] in order. */
  inside: [number, number][];
  /** Files. `damaged`, `past_term`: never to be held, torn on the disk or asked for too late. */
  files: { held: number; growing: number; waiting: number; refused: number; damaged: number; past_term: number };
  complete: boolean;
  placed_us: number | null;
  ended_us: number | null;
}

/** A requisition (D15) of the registry. `from`, `to`: ISO instants, as the paper says. */
export interface DeskTitle {
  document: string;
  number: string;
  signed_on: string;
  status: string;
  in_force: boolean;
  /** The body whose designated person must confirm it. */
  awaiting: string | null;
  cameras: { camera: string; name: string }[];
  service: string;
  frame: string;
  opj: string;
  from: string;
  to: string;
  attached?: boolean;
}

export interface DeskPackage {
  id: string;
  asked: { camera: string; name: string; from_us: number; to_us: number }[];
  prepared_us: number;
  prepared_by: string;
  second: string;
  agreed_us: number | null;
  built_us: number | null;
  size_bytes: number | null;
  sha256: string;
  fetched_bytes: number;
  signed_on: string;
  signed_by: string;
  reference: string;
  received_us: number | null;
  destroyed_us: number | null;
  /** What a time-stamp authority said of it; null: not made, or its copy is gone. */
  timestamp?: { state: 'none' | 'missing' | 'stamped'; time?: string } | null;
  yours: boolean;
  awaits_you: boolean;
}

export interface DeskCase {
  id: string;
  kind: CaseKind;
  opened_us: number;
  opened_by: string;
  handlers: string[];
  names: Record<string, Text>;
  search_s: number;
  /** Why an operator preserved it; null for a call. */
  reason: Text | null;
  call: DeskCall;
  holds: DeskHold[];
  papers: string[];
  titles: DeskTitle[];
  packages: DeskPackage[];
  closed_us: number | null;
  closed_why: string;
}

export interface DeskFound {
  id: string;
  name: string;
  commune: string;
  authority: Text;
  distance_m: number | null;
  may_watch: boolean;
}

export interface Place {
  latitude?: number;
  longitude?: number;
  radius_m?: number;
  text?: string;
}

export interface Second {
  person: string;
  label: Text;
}

export interface Receipt {
  signed_on: string;
  signed_by: string;
  reference: string;
}

/** What a screen that opens from a case is given; `caseId` is null when it is opened from the list. */
export interface SlotProps {
  caseId: string | null;
  caseFile: DeskCase | null;
  onclose: () => void;
  onchanged: () => void;
}
export type SlotScreen = Component<SlotProps>;

const CASES = '/api/desk/cases';
const at = (id: string, rest = ''): string => `${CASES}/${part(id)}${rest}`;
const on = (id: string, packet: string, rest: string): string => at(id, `/packages/${part(packet)}/${rest}`);

/** What was typed for a case that was still opening. */
export interface Ahead {
  words: string;
  enter: boolean;
  /** Ctrl and Enter: the hold itself was asked for. */
  hold: boolean;
}

export const desk = {
  cases: () => get<DeskCase[]>(CASES),
  one: (id: string) => get<DeskCase>(at(id)),
  open: (kind: CaseKind = 'requisition') => post<DeskCase>(CASES, { kind }),
  search: (id: string, place: Place) => post<DeskFound[]>(at(id, '/search'), place),
  hold: (id: string, told: DeskCall, cameras: DeskLine[]) => post<DeskCase>(at(id, '/hold'), { ...told, cameras }),
  requisitions: (id: string) => get<DeskTitle[]>(at(id, '/requisitions')),
  attach: (id: string, document: string) => post<DeskCase>(at(id, '/requisition'), { document }),
  seconds: (id: string) => get<Second[]>(at(id, '/seconds')),
  prepare: (id: string, second: string, cameras: DeskLine[]) => post<DeskCase>(at(id, '/packages'), { second, cameras }),
  agree: (id: string, packet: string) => post<DeskCase>(on(id, packet, 'agree')),
  build: (id: string, packet: string, reason: string) => post<DeskCase>(on(id, packet, 'build'), { reason }),
  receive: (id: string, packet: string, receipt: Receipt) => post<DeskCase>(on(id, packet, 'receipt'), receipt),
  zip: (id: string, packet: string): string => on(id, packet, 'remise.zip'),
  slip: (id: string, packet: string): string => on(id, packet, 'bordereau.pdf'),
};
