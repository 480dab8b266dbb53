import { describe, expect, it } from 'vitest';
import type { DocumentRow, FieldSpec } from '../src/lib/lawtypes';
import { dayOf, daysUntil, inOrder, instantOf, isAsked, listOf, matches, nameOf, NO_FILTER, stateOf, typedOf, valueOf, widgetOf } from '../src/lib/papers';

const field = (part: Partial<FieldSpec>): FieldSpec => ({
  name: 'x', type: 'text', label: { fr: 'x', en: 'x' }, need: 'mandatory', choices: [], help: null, when: [], unless: null, since: null, ...part,
});
const row = (part: Partial<DocumentRow>): DocumentRow => ({
  id: 'agreement/E-X', kind: 'agreement', code: 'D3', label: { fr: 'convention entre membres', en: 'agreement' }, number: '2026-7',
  valid_from: '2026-01-01', valid_until: '2026-12-31', in_force: true, expired: false, status: 'confirmed', communes: ['Fontclaire'],
  awaiting: null, version: 1, ...part,
});

describe('what was typed', () => {
  it('becomes the value that the centre expects', () => {
    expect(valueOf('text', '  oui ')).toBe('oui');
    expect(valueOf('texts', 'a, b ; c')).toEqual(['a', 'b', 'c']);
    expect(valueOf('days', '30')).toBe(30);
    expect(valueOf('days', 'trente')).toBe('trente'); // the centre says what is wrong with it
    expect(valueOf('acts', ['live', 'replay'])).toEqual(['live', 'replay']);
    expect(valueOf('clause', true)).toBe(true);
    expect(valueOf('bool', undefined)).toBe(false);
    expect(valueOf('natures', '99001 : commune\n200 = epci')).toEqual({ 99001: 'commune', 200: 'epci' });
  });
  it('is nothing when nothing was said', () => {
    for (const type of ['text', 'texts', 'days', 'acts', 'instant', 'choice']) expect(valueOf(type, type === 'acts' ? [] : ' ')).toBeUndefined();
  });
  it('comes back to the form as it was', () => {
    for (const [type, value] of [['texts', ['a', 'b']], ['acts', ['live']], ['clause', true], ['days', 30], ['natures', { 99001: 'commune' }], ['text', 'x']] as const) {
      expect(valueOf(type, typedOf(type, value))).toEqual(value);
    }
  });
  it('gives an instant its legal zone', () => {
    expect(Date.parse(instantOf('2026-03-02T10:00'))).toBe(Date.parse('2026-03-02T10:00:00+01:00'));
    expect(Date.parse(instantOf('2026-07-02 10:00'))).toBe(Date.parse('2026-07-02T10:00:00+02:00'));
    expect(instantOf('2026-03-02')).toBe('2026-03-02');
  });
  it('makes names and lists', () => {
    expect(nameOf('Convention Élu n° 7/2026')).toBe('convention-elu-n-7-2026');
    expect(listOf('a;;b,\n c')).toEqual(['a', 'b', 'c']);
  });
  it('has a widget whatever its type', () => {
    expect(widgetOf('natures')).toBe('lines');
    expect(widgetOf('a type of tomorrow')).toBe('text');
  });
});

describe('what is asked', () => {
  it('follows the other fields and the day of signature', () => {
    const terms = field({ need: 'conditional', when: [{ field: 'recipients', values: ['any'] }] });
    expect(isAsked(terms, {}, '')).toBe(false);
    expect(isAsked(terms, { recipients: ['gendarmerie'] }, '')).toBe(true);
    const opinion = field({ need: 'conditional', when: [{ field: 'type', values: ['normal'] }] });
    expect(isAsked(opinion, { type: 'event' }, '')).toBe(false);
    expect(isAsked(opinion, { type: 'normal' }, '')).toBe(true);
    const joint = field({ need: 'conditional', since: '2024-04-26' });
    expect(isAsked(joint, {}, '2024-04-25')).toBe(false);
    expect(isAsked(joint, {}, '2024-04-26')).toBe(true);
    const report = field({ need: 'conditional', unless: 'impact_assessment' });
    expect(isAsked(report, {}, '')).toBe(true);
    expect(isAsked(report, { impact_assessment: 'AIPD 3' }, '')).toBe(false);
    expect(isAsked(field({ need: 'optional' }), {}, '')).toBe(false);
  });
});

describe('the list', () => {
  it('filters by commune, kind, state, end and words without accents', () => {
    const today = '2026-11-22';
    expect(matches(row({}), NO_FILTER, today)).toBe(true);
    expect(matches(row({}), { ...NO_FILTER, commune: 'Grandval' }, today)).toBe(false);
    expect(matches(row({}), { ...NO_FILTER, within: 30 }, today)).toBe(false);
    expect(matches(row({}), { ...NO_FILTER, within: 60 }, today)).toBe(true);
    expect(matches(row({ valid_until: null }), { ...NO_FILTER, within: 400 }, today)).toBe(false);
    expect(matches(row({ valid_until: '2026-11-01' }), { ...NO_FILTER, within: 400 }, today)).toBe(false);
    expect(matches(row({ communes: ['Élancourt'] }), { ...NO_FILTER, text: 'd3 elan' }, today)).toBe(true);
    expect(matches(row({ code: 'D20' }), { ...NO_FILTER, text: 'd2' }, today)).toBe(false);
    expect(matches(row({ status: 'proposed' }), { ...NO_FILTER, state: 'in_force' }, today)).toBe(false);
  });
  it('puts what waits first, then what ends soonest', () => {
    const several = [row({ id: 'a/late' }), row({ id: 'a/soon', valid_until: '2026-12-01' }), row({ id: 'a/asked', status: 'proposed' })];
    expect(inOrder(several).map((one) => one.id)).toEqual(['a/asked', 'a/soon', 'a/late']);
    expect(stateOf({ status: 'confirmed', in_force: false, expired: true })).toBe('expired');
    expect(stateOf({ status: 'confirmed', in_force: false, expired: false })).toBe('coming');
  });
  it('counts days across the change of hour', () => {
    expect(daysUntil('2026-10-26', '2026-10-24')).toBe(2);
    expect(daysUntil('2026-10-20T23:00:00+02:00', '2026-10-24')).toBe(-4);
    expect(dayOf('2026-03-02')).toBe('02/03/2026');
    expect(dayOf('2026-03-02T09:00:00Z')).toContain('10:00');
    expect(dayOf(null)).toBe('');
  });
});
