/**
 * What a form asks of a document, what a person typed, and what a list shows: pure. Kinds and fields come from the
 * centre, which checks again and has the last word.
 */
import type { DocumentRow, FieldSpec } from './lawtypes';
import { frenchDay, fromCivil, parseInstant, shortTime, toIso } from './time';

/** What a form holds of one field: a text, a switch, or the values that were ticked. */
export type Typed = string | boolean | string[];
export type Values = Record<string, Typed>;

const WRITTEN_LISTS: ReadonlySet<string> = new Set(['texts', 'bodies', 'departements']);
const TICKED: ReadonlySet<string> = new Set(['purposes', 'acts', 'statuses', 'choices']);
const SWITCHES: ReadonlySet<string> = new Set(['bool', 'clause']);
const CHOSEN: ReadonlySet<string> = new Set(['choice', 'form']);

export type Widget = 'text' | 'number' | 'date' | 'instant' | 'switch' | 'ticks' | 'select' | 'body' | 'lines';

/** How a field is asked. */
export function widgetOf(type: string): Widget {
  if (SWITCHES.has(type)) return 'switch';
  if (TICKED.has(type)) return 'ticks';
  if (CHOSEN.has(type)) return 'select';
  if (type === 'date') return 'date';
  if (type === 'instant') return 'instant';
  if (type === 'int' || type === 'days') return 'number';
  if (type === 'body') return 'body';
  return type === 'natures' ? 'lines' : 'text';
}

/** "a, b ; c" → ["a", "b", "c"] */
export function listOf(text: string): string[] {
  return text.split(/[,;\n]/).map((item) => item.trim()).filter(Boolean);
}

/** "Convention Valbrune 2026" → "convention-valbrune-2026": a name that may be part of an id. */
export function nameOf(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 80);
}

/** "2026-03-02T10:00" in legal time → an instant with its zone; anything else stays as it was typed. */
export function instantOf(typed: string): string {
  const parts = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$/.exec(typed.trim());
  if (!parts) return typed.trim();
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0));
  return toIso(fromCivil({ year: year ?? 0, month: month ?? 1, day: day ?? 1, hour: hour ?? 0, minute: minute ?? 0, second: second ?? 0 }));
}

export const isFilled = (typed: Typed | undefined): boolean =>
  typed === true || (typeof typed === 'string' && typed.trim() !== '') || (Array.isArray(typed) && typed.length > 0);

/** What a person typed → the value that the centre expects; undefined: nothing was said. */
export function valueOf(type: string, typed: Typed | undefined): unknown {
  if (SWITCHES.has(type)) return typed === true;
  if (!isFilled(typed)) return undefined;
  if (TICKED.has(type)) return typed;
  const text = String(typed).trim();
  if (WRITTEN_LISTS.has(type)) return listOf(text);
  if (type === 'int' || type === 'days') return /^\d+$/.test(text) ? Number(text) : text;
  if (type === 'instant' || type === 'moment') return instantOf(text);
  if (type === 'natures') return Object.fromEntries(text.split('\n').filter((line) => line.trim()).map((line) => line.split(/\s*[:=]\s*/, 2).map((part) => part.trim())));
  return text;
}

/** The value of a document → what its form shows, for a next version. */
export function typedOf(type: string, value: unknown): Typed {
  if (SWITCHES.has(type)) return value === true;
  if (TICKED.has(type)) return Array.isArray(value) ? value.map(String) : [];
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object') return Object.entries(value).map(([key, one]) => `${key} : ${String(one)}`).join('\n');
  return String(value);
}

/** Whether a field must be filled, given what the others say and the day of the signature. */
export function isAsked(field: FieldSpec, values: Values, signedOn: string): boolean {
  if (field.need === 'mandatory') return true;
  if (field.need !== 'conditional') return false;
  if (field.since !== null && signedOn !== '' && signedOn >= field.since) return true;
  const says = field.when.some(({ field: other, values: wanted }) => {
    const typed = values[other];
    if (wanted.includes('any')) return isFilled(typed);
    return Array.isArray(typed) ? typed.some((one) => wanted.includes(one)) : wanted.includes(typed);
  });
  return says || (field.unless !== null && !isFilled(values[field.unless]));
}

export type PaperState = 'proposed' | 'in_force' | 'coming' | 'expired' | 'suspended' | 'withdrawn';

export function stateOf(row: Pick<DocumentRow, 'status' | 'in_force' | 'expired'>): PaperState {
  if (row.status !== 'confirmed') return row.status;
  if (row.in_force) return 'in_force';
  return row.expired ? 'expired' : 'coming';
}

export interface Filters {
  text: string;
  commune: string;
  kind: string;
  state: string;
  /** Days before the end; 0: any. */
  within: number;
}

export const NO_FILTER: Filters = { text: '', commune: '', kind: '', state: '', within: 0 };

const fold = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** Days from a day to another (ISO dates or instants); negative when it is past. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(`${day.slice(0, 10)}T12:00Z`) - Date.parse(`${today.slice(0, 10)}T12:00Z`)) / 86_400_000);
}

export function matches(row: DocumentRow, filters: Filters, today: string): boolean {
  if (filters.commune !== '' && !(row.communes ?? []).includes(filters.commune)) return false;
  if (filters.kind !== '' && row.kind !== filters.kind) return false;
  if (filters.state !== '' && stateOf(row) !== filters.state) return false;
  if (filters.within > 0) {
    const left = row.valid_until === null ? Number.POSITIVE_INFINITY : daysUntil(row.valid_until, today);
    if (left < 0 || left > filters.within) return false;
  }
  const text = fold(`${row.id} ${row.code} ${row.label.fr} ${row.label.en} ${row.number ?? ''} ${row.signatory ?? ''} ${(row.communes ?? []).join(' ')}`);
  // A code is a whole word: D2 is not D20.
  const found = (word: string): boolean => (/^d\d+$/.test(word) ? row.code.toLowerCase() === word : text.includes(word));
  return fold(filters.text).split(/\s+/).filter(Boolean).every(found);
}

const RANK: Record<PaperState, number> = { proposed: 0, suspended: 1, expired: 2, in_force: 3, coming: 4, withdrawn: 5 };

/** What waits for somebody first, then what is closed, then what ends soonest. */
export function inOrder(rows: readonly DocumentRow[]): DocumentRow[] {
  return rows.toSorted(
    (a, b) =>
      RANK[stateOf(a)] - RANK[stateOf(b)] ||
      (a.valid_until ?? '9999').localeCompare(b.valid_until ?? '9999') ||
      a.id.localeCompare(b.id),
  );
}

/** "2026-03-02" → "02/03/2026"; an instant is told in legal time. */
export function dayOf(iso: string | null | undefined): string {
  const us = iso?.includes('T') ? parseInstant(iso) : null;
  if (us !== null) return `${frenchDay(us)} ${shortTime(us)}`;
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso ?? '');
  return parts ? `${parts[3]}/${parts[2]}/${parts[1]}` : (iso ?? '');
}
