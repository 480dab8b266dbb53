/** Who may see what until morning: what the centre sends, and what the grid makes of it (pure). */
import { get, part, post } from './api';
import type { Card } from './lawtypes';
import { parseInstant, shortTime } from './time';
import type { Text } from './types';

export type State = 'open' | 'partial' | 'unsettled' | 'refused';
export type Who = 'duty' | 'rostered' | 'all';
export const WHO: Who[] = ['duty', 'rostered', 'all'];

/** From an instant on (null: now), so many cameras of so many. */
export interface Standing {
  at: string | null;
  state: State;
  open: number;
  of: number;
}

export interface NightPerson {
  id: string;
  name: Text;
  status: string;
  duty: boolean;
}

export interface NightCommune {
  id: string;
  name: string;
  cameras: number;
}

export interface Night {
  at: string;
  until?: string;
  who: Who;
  drawing: { done: number; of: number } | null;
  communes: NightCommune[];
  /** The communes of the cells, in order. */
  order: string[];
  acts?: string[];
  persons: NightPerson[];
  /** Each distinct set of courses, one for each act. */
  courses?: Standing[][][];
  rows?: { person: string; cells: number[] }[];
}

export interface NightReason {
  at: string | null;
  cameras: string[];
  card: Card;
}

export interface NightCell {
  person: NightPerson;
  commune: string;
  act: string;
  reasons: NightReason[];
}

export interface Supposed {
  verb: 'end' | 'suspend' | 'withdraw' | 'amend' | 'accredit' | 'designate';
  document?: string;
  person?: string;
  commune?: string;
  on?: string;
  departements?: string[];
  acts?: string[];
  fields?: Record<string, unknown>;
}

export interface Gap {
  person: string;
  commune: string;
  act: string;
  first: string;
  gained: number;
  lost: number;
}

export interface Difference {
  at: string;
  gaps: Gap[];
  more: number;
  persons: NightPerson[];
  communes: NightCommune[];
}

export const night = {
  matrix: (who: Who) => get<Night>(`/api/tonight?who=${who}`),
  cell: (person: string, commune: string, act: string) =>
    get<NightCell>(`/api/tonight/cell?person=${part(person)}&commune=${part(commune)}&act=${part(act)}`),
  whatIf: (changes: Supposed[], who: Who) => post<Difference>('/api/tonight/what-if', { changes, who }),
};

/** A sign for each state: the shape tells, not the colour. */
export const SIGNS: Record<State, string> = { open: '●', partial: '◐', unsettled: '?', refused: '○' };

/** A row of the grid: a person, and for each commune shown the course of one act; null: no link. */
export interface Line {
  person: NightPerson;
  courses: (Standing[] | null)[];
}

const fold = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
export const matches = (words: string, text: string): boolean =>
  fold(text).split(/\s+/).filter(Boolean).every((word) => fold(words).includes(word));

/** The communes shown, in order of name, whose name matches. */
export function columnsOf(matrix: Night, text: string): NightCommune[] {
  return matrix.communes.filter((commune) => matches(`${commune.name} ${commune.id}`, text));
}

/** The grid for one act: persons by name, those without any link to the communes shown left out. */
export function linesOf(matrix: Night, columns: NightCommune[], act: string, text: string, language: 'fr' | 'en'): Line[] {
  const index = (matrix.acts ?? []).indexOf(act);
  const places = columns.map((column) => matrix.order.indexOf(column.id));
  const people = new Map(matrix.persons.map((person) => [person.id, person]));
  const lines: Line[] = [];
  for (const row of matrix.rows ?? []) {
    const person = people.get(row.person);
    if (!person || index < 0 || !matches(`${person.name.fr} ${person.name.en} ${person.id}`, text)) continue;
    const courses = places.map((place) => {
      const number = place < 0 ? -1 : (row.cells[place] ?? -1);
      const course = number < 0 ? undefined : matrix.courses?.[number]?.[index];
      return course && course.length > 0 ? course : null;
    });
    if (courses.some((course) => course !== null)) lines.push({ person, courses });
  }
  return lines.sort((a, b) => a.person.name[language].localeCompare(b.person.name[language], language) || (a.person.id < b.person.id ? -1 : 1));
}

/** What stands now, and what comes before morning. */
export function standingOf(course: Standing[]): { now: Standing | null; next: Standing[] } {
  const [first, ...later] = course;
  if (!first) return { now: null, next: [] };
  return first.at === null ? { now: first, next: later } : { now: null, next: course };
}

/** "12/14" where only some cameras are open, else nothing: the sign is enough. */
export const shareOf = (standing: Standing): string => (standing.state === 'partial' ? `${standing.open}/${standing.of}` : '');

/** "→ ○ 23:00" */
export function changeOf(next: Standing[]): string {
  const [first] = next;
  const at = first ? parseInstant(first.at) : null;
  return first && at !== null ? `→ ${SIGNS[first.state]}${shareOf(first)} ${shortTime(at)}` : '';
}

/** Where an arrow, Home, End, PageUp or PageDown leads in the grid; null: not a key of the grid. */
export function moveTo(key: string, row: number, column: number, rows: number, columns: number): [number, number] | null {
  const clamp = (value: number, count: number): number => Math.min(Math.max(value, 0), Math.max(count - 1, 0));
  const steps: Record<string, [number, number]> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    Home: [row, 0],
    End: [row, columns - 1],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
  };
  const step = steps[key];
  return step ? [clamp(step[0], rows), clamp(step[1], columns)] : null;
}

/** Differences by person and commune: one line for the acts that change alike. */
export interface Told {
  person: string;
  commune: string;
  first: string;
  acts: string[];
  gained: number;
  lost: number;
}

export function toldOf(gaps: Gap[]): Told[] {
  const found = new Map<string, Told>();
  for (const gap of gaps) {
    const key = [gap.person, gap.commune, gap.first, gap.gained, gap.lost].join('\0');
    const held = found.get(key);
    if (held) held.acts.push(gap.act);
    else found.set(key, { person: gap.person, commune: gap.commune, first: gap.first, acts: [gap.act], gained: gap.gained, lost: gap.lost });
  }
  return [...found.values()];
}
