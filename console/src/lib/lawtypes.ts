/** Documents, persons, cameras' files, screens and cards of the law, as the centre sends them. */
import type { AuthorityName, Refusal, Text } from './types';

export type DocumentStatus = 'proposed' | 'confirmed' | 'suspended' | 'withdrawn';

/** A paper as a line beside something else. */
export interface PaperLine {
  id: string;
  kind: string;
  code: string;
  label: Text;
  number: string;
  version: number;
  valid_from: string;
  valid_until: string | null;
  status: DocumentStatus;
  in_force: boolean;
  next_waits: boolean;
}

export interface Deadline {
  /** The last day on which all is well. */
  on: string;
  days: number;
  reason: string;
  /** What is closed then, and what to do before. */
  blocks: Text;
  task: Text;
}

export interface DocumentRow {
  id: string;
  kind: string;
  code: string;
  label: Text;
  number: string | null;
  signatory?: string;
  valid_from: string | null;
  valid_until: string | null;
  in_force?: boolean;
  expired?: boolean;
  status: DocumentStatus;
  communes?: string[];
  awaiting: Text | null;
  /** Why a second person has to confirm, and whether the first one did. */
  two_persons?: { why: Text; first_done: boolean } | null;
  version: number;
  /** What this person may do with it. */
  may?: { confirm: boolean; suspend: boolean; withdraw: boolean };
}

export interface Choice {
  value: string;
  label: Text;
}

export interface FieldSpec {
  name: string;
  type: string;
  label: Text;
  need: 'mandatory' | 'expected' | 'optional' | 'conditional';
  choices: Choice[];
  help: Text | null;
  when: { field: string; values: unknown[] }[];
  unless: string | null;
  since: string | null;
}

export type ScopePart = 'bodies' | 'cameras' | 'systems' | 'persons';

export interface KindSpec {
  kind: string;
  code: string;
  label: Text;
  issuer: Text;
  blocks: Text;
  renewal: Text;
  scope: ScopePart[];
  parties: number;
  needs_end: boolean;
  fields: FieldSpec[];
}

export interface Names {
  bodies: { id: string; name: string; kind: string }[];
  cameras: { id: string; name: string; commune: string }[];
  systems: string[];
  persons: { id: string; name: Text; status: string }[];
}

export interface Changed {
  name: string;
  label: Text;
  before: unknown;
  after: unknown;
}

export interface Version {
  version: number;
  status: DocumentStatus;
  status_at: string | null;
  confirmed_by: Text | null;
  content: { name: string; label: Text; value: unknown }[];
  fields: Record<string, unknown>;
  scope: Record<ScopePart, string[]>;
  signed_on: string;
  changed: Changed[];
  remarks: Text[];
}

export interface HistoryLine {
  at: string;
  what: Text;
  version: number | null;
  by: Text | null;
  reason: string | null;
}

export interface AttachedFile {
  sha256: string;
  name: string;
  media_type: string;
  size_bytes: number;
  version: number;
  main: boolean;
  at: string;
}

export interface DocumentFile extends DocumentRow {
  type: KindSpec;
  versions: Version[];
  history: HistoryLine[];
  files: AttachedFile[];
  deadlines: Deadline[];
}

export interface PersonRow {
  id: string;
  name: Text;
  status: string;
  quality: Text;
  employer: { id: string; name: string };
  commune: { id: string; name: string } | null;
  papers: (PaperLine & { scope: unknown; may_suspend: boolean })[];
}

export interface PersonFile extends PersonRow {
  history: Record<string, HistoryLine[]>;
}

export interface CameraFileRow {
  id: string;
  name: string;
  commune: { id: string; name: string };
  origin: string;
  kind: string;
  system: string;
  responsible: { id: string; name: string };
  lat: number | null;
  lon: number | null;
  place_confirmed: boolean;
  may_confirm: boolean;
  order: PaperLine | null;
  mask: PaperLine | null;
}

export interface CameraFile extends CameraFileRow {
  papers: PaperLine[];
  masks: PaperLine[];
}

/** Why an act is allowed or refused, whole. */
export interface Card extends Refusal {
  act: string;
  purpose: string | null;
  camera: { id: string; name: string; commune: string } | null;
  authority: AuthorityName | null;
  documents: PaperLine[];
}

export interface Present {
  present: { id: string; name: Text }[];
  visitor: boolean;
}

export interface ScreenRow extends Present {
  id: string;
  name: Text;
  account: string;
  mine: boolean;
  views: number;
}

export interface ReviewRow {
  view: string;
  at: string;
  text: Text;
  account: string | null;
  camera: string | null;
  commune: string | null;
  authority: string | null;
  purpose: string | null;
  reason: Text | null;
}

export interface PostRow {
  id: string;
  name: string;
  state: 'waiting' | 'enrolled' | 'revoked';
  enrolled: string | null;
  code?: string;
}

export interface Announcement {
  document: string;
  label: Text;
  number: string | null;
  reason: string;
  on: string;
  days: number;
  text: Text;
}

/** What an import found, line by line. */
export interface ImportReport {
  done: boolean;
  /** What enters, or would; what is there already, to the letter, is only counted. */
  entered: string[];
  known: number;
  lines: { line: number; document: string | null; problems: Text[] }[];
}
