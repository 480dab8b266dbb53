/**
 * What each kind of document must name and hold, as its form asks it. `papers.json` follows the document types of the
 * French pack (a test compares the two); the centre checks again and has the last word.
 */
import types from './papers.json';

export type FieldType = 'text' | 'texts' | 'int' | 'days' | 'bool' | 'date' | 'purposes' | 'acts' | 'statuses' | 'members' | 'form';
export type ScopePart = 'bodies' | 'cameras' | 'persons';

export interface PaperType {
  scope: ScopePart[];
  needsEnd: boolean;
  fields: Record<string, FieldType>;
}

export const PAPERS = types as Record<string, PaperType>;

const LISTS: ReadonlySet<FieldType> = new Set(['texts', 'purposes', 'acts', 'statuses', 'members']);

/** "a, b ; c" → ["a", "b", "c"] */
export function listOf(text: string): string[] {
  return text.split(/[,;\n]/).map((item) => item.trim()).filter(Boolean);
}

/** What a person typed → the value that the centre expects. */
export function valueOf(type: FieldType, typed: string | boolean): string | number | boolean | string[] {
  if (type === 'bool') return typed === true;
  const text = String(typed).trim();
  if (LISTS.has(type)) return listOf(text);
  if (type === 'int' || type === 'days') return /^\d+$/.test(text) ? Number(text) : text;
  return text;
}

/** "Convention Valbrune 2026" → "convention-valbrune-2026": a name that may be part of an id. */
export function nameOf(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 100);
}
