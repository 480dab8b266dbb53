/** Calls of the registers' rooms. Each reading is an entry: made when a person asks, never by itself. */
import { get, part } from './api';
import type { Text } from './types';

export interface RegisterList {
  registers: { id: string; title: Text; about: Text }[];
  communes: { id: string; name: string }[];
  whole: boolean;
  today: string;
}

export interface RegisterTable {
  title: Text;
  about: Text;
  source: Text;
  columns: Text[];
  rows: { source: string; first: number | null; cells: (string | Text)[] }[];
  counts: { month: string; what: Text; shown: string }[];
  notes: Text[];
}

export interface Report {
  commune: { id: string; name: string };
  month: string;
  sha256: string;
  entry: string;
}

interface Range {
  from: string;
  to: string;
}

export interface Sighting {
  shown: 'that_day' | 'later' | 'refused';
  shown_text: Text;
  at: string;
  until: string | null;
  agent: string;
  act: Text | null;
  purpose: string | null;
  reason: Text | null;
  procedure: Text | null;
  articles: string[];
  state: Text;
  asked: Range | null;
  sent: Range | null;
  frames: number | null;
  entries: { index: number; kind: string }[];
}

export interface SeenDay {
  camera: { id: string; name: string; commune: string };
  views: Sighting[];
}

export function registerPath(register: string, form: '' | '/csv' | '/pdf', commune: string, from: string, to: string): string {
  return `/api/registers/${part(register)}${form}?commune=${part(commune)}&from=${part(from)}&to=${part(to)}`;
}

export const proofPath = (index: number): string => `/api/register/${index}/proof`;
export const reportPath = (one: Report): string => `/api/reports/${part(one.commune.id)}/${part(one.month)}`;

export interface Inspection {
  missions: {
    document: string;
    reference: string;
    signatory: string;
    from: string;
    to: string | null;
    images: boolean;
    /** What bounds it, by name; empty: everything. */
    bodies: string[];
    devices: string[];
    /** As the letter writes them; empty: no bound. */
    dates: [string, string];
  }[];
  hours: { from: number; to: number; within: boolean };
  communes: { id: string; name: string }[];
}

export const packPath = (commune: string, from: string, to: string): string =>
  `/api/inspection/pack.zip?commune=${part(commune)}&from=${part(from)}&to=${part(to)}`;

export const registersApi = {
  inspection: () => get<Inspection>('/api/inspection'),
  list: () => get<RegisterList>('/api/registers'),
  read: (register: string, commune: string, from: string, to: string) =>
    get<RegisterTable>(registerPath(register, '', commune, from, to)),
  reports: async () => (await get<{ reports: Report[] }>('/api/reports')).reports,
  seen: (camera: string, day: string) => get<SeenDay>(`/api/seen?camera=${part(camera)}&day=${part(day)}`),
  person: async (index: number) => (await get<{ account: string }>(`/api/register/${index}/person`)).account,
};
