// An entry of the register (src/beffroi/ledger/leaf.py), refusing all that its writer could not have written.

import { FormatError } from './bytes';
import { type Json, load } from './canonical';
import { ACTS, ENTRY_KINDS, PURPOSES, VERDICTS } from './lists';

export interface RegisterRecord {
  kind: string | null;
  act: string | null;
  footage: [number, number] | null;
  /** Rules, documents and rule set of the decision, as the manifest's reader spells them. */
  grounds: string | null;
  camera: string | null;
  outcome: string | null;
  /** Root of a closed file, when it tells one. */
  root: string | null;
}

type Check = (value: Json) => boolean;
type Shape = Record<string, Check>;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isObject: Check = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const among = (list: ReadonlySet<unknown>): Check => (value) => isText(value) && list.has(value);
const matching = (pattern: RegExp): Check => (value) => typeof value === 'string' && pattern.test(value);

const isRange: Check = (value) => {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to] = value;
  return typeof from === 'number' && typeof to === 'number' && from <= to;
};
const orNull = (check: Check): Check => (value) => value === null || check(value);

function shaped(required: Shape, optional: Shape = {}): Check {
  return (value) => {
    if (!isObject(value)) return false;
    const given = new Map(Object.entries(value as { [key: string]: Json }));
    for (const key of Object.keys(required)) if (!given.has(key)) return false;
    return [...given].every(([key, item]) => (Object.hasOwn(required, key) ? required[key]! : (own(optional, key) ?? never))(item));
  };
}

const never: Check = () => false;

function own(shape: Shape, key: string): Check | undefined {
  return Object.hasOwn(shape, key) ? shape[key] : undefined;
}

const isHash = matching(/^[0-9a-f]{64}$/);
const isAsked = shaped(
  { at_us: isNumber, revision: isNumber, two_factor: (value) => typeof value === 'boolean' },
  { post: isText, recipient: isText },
);
const isTrace = shaped(
  {
    verdict: among(VERDICTS), ground: isText, rules: isTexts, articles: isTexts, documents: isTexts, rule_set: isText,
    facts: isText,
  },
  { asked: isAsked },
);
const isEntry = shaped(
  {
    v: (value) => value === 1, type: among(ENTRY_KINDS), time_us: isNumber, commitment: isHash,
  },
  {
    actor: matching(/^[0-9a-f]{32}$/), session: isText, view: isText, camera: isText, authority: isText, act: among(ACTS),
    purpose: among(PURPOSES), footage: orNull(isRange), decision: orNull(isTrace), outcome: isText, opened: isNumber,
    sent: orNull(shaped({ frames: isNumber, bytes: isNumber, footage: orNull(isRange) })),
    source: orNull(shaped({ recorder: isText, seq: isNumber }, { chain: isHash })), at_us: isNumber, detail: isObject,
  },
);

export function parseLeaf(data: Uint8Array): RegisterRecord {
  const entry = load(data);
  if (!isEntry(entry)) throw new FormatError('not an entry of the register');
  const fields = entry as { [key: string]: Json };
  const detail = (fields['detail'] ?? {}) as { [key: string]: Json };
  const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
  const trace = (fields['decision'] ?? null) as { [key: string]: Json } | null;
  return {
    kind: text(fields['type']),
    act: text(fields['act']),
    footage: (fields['footage'] ?? null) as [number, number] | null,
    grounds: trace === null ? null : JSON.stringify([trace['rules'], trace['documents'], trace['rule_set']]),
    camera: text(fields['camera']),
    outcome: text(fields['outcome']),
    root: text(detail['root']),
  };
}
