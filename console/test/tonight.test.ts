import { describe, expect, it } from 'vitest';
import { changeOf, columnsOf, linesOf, matches, moveTo, shareOf, standingOf, toldOf, type Night, type Standing } from '../src/lib/tonight';

const open: Standing = { at: null, state: 'open', open: 3, of: 3 };
const part: Standing = { at: null, state: 'partial', open: 1, of: 3 };
const shut: Standing = { at: '2026-03-02T22:00:00+00:00', state: 'refused', open: 0, of: 3 };
const person = (id: string, fr: string) => ({ id, name: { fr, en: fr }, status: 'epci_agent', duty: false });

const matrix: Night = {
  at: '2026-03-02T18:00:00+00:00',
  until: '2026-03-03T07:00:00+00:00',
  who: 'all',
  drawing: null,
  communes: [{ id: 'Y', name: 'Émeraude', cameras: 3 }, { id: 'X', name: 'Orville', cameras: 3 }],
  order: ['X', 'Y'],
  acts: ['live', 'replay'],
  persons: [person('b', 'Éloïse'), person('a', 'Agent')],
  courses: [[[open, shut], [part]], [[], [part]]],
  rows: [{ person: 'b', cells: [0, -1] }, { person: 'a', cells: [-1, 1] }, { person: 'stranger', cells: [0, 0] }],
};

describe('the grid', () => {
  it('puts each course under its commune, whatever the order of the columns', () => {
    const lines = linesOf(matrix, matrix.communes, 'live', '', 'fr');
    expect(lines.map((line) => [line.person.id, line.courses])).toEqual([['b', [null, [open, shut]]]]);
    expect(linesOf(matrix, matrix.communes, 'replay', '', 'fr').map((line) => line.person.id)).toEqual(['a', 'b']);
  });
  it('finds persons and communes without their accents', () => {
    expect(linesOf(matrix, matrix.communes, 'replay', 'eloise', 'fr').map((line) => line.person.id)).toEqual(['b']);
    expect(columnsOf(matrix, 'emer').map((column) => column.id)).toEqual(['Y']);
    expect(matches('Bourg-Neuf X', 'neuf bourg')).toBe(true);
    expect(matches('Bourg-Neuf X', 'neuf z')).toBe(false);
  });
  it('is empty for an act that was not asked, or while it is drawn', () => {
    expect(linesOf(matrix, matrix.communes, 'relay', '', 'fr')).toEqual([]);
    const { rows: _, courses: __, ...rest } = matrix;
    expect(linesOf({ ...rest, drawing: { done: 1, of: 2 } }, matrix.communes, 'live', '', 'fr')).toEqual([]);
  });
});

describe('a cell', () => {
  it('says what stands and what comes', () => {
    expect(standingOf([open, shut])).toEqual({ now: open, next: [shut] });
    expect(standingOf([shut])).toEqual({ now: null, next: [shut] });
    expect(standingOf([])).toEqual({ now: null, next: [] });
  });
  it('counts cameras only where some are closed', () => {
    expect([shareOf(open), shareOf(part)]).toEqual(['', '1/3']);
  });
  it('tells the hour in legal time, and the state by its sign', () => {
    expect(changeOf([shut])).toBe('→ ○ 23:00');
    expect(changeOf([{ ...part, at: shut.at }])).toBe('→ ◐1/3 23:00');
    expect(changeOf([])).toBe('');
    expect(changeOf([{ ...shut, at: 'never' }])).toBe('');
  });
});

describe('the keys', () => {
  it('move inside the grid and never out of it', () => {
    expect(moveTo('ArrowDown', 0, 0, 3, 2)).toEqual([1, 0]);
    expect(moveTo('ArrowUp', 0, 1, 3, 2)).toEqual([0, 1]);
    expect(moveTo('ArrowRight', 1, 1, 3, 2)).toEqual([1, 1]);
    expect(moveTo('End', 1, 0, 3, 2)).toEqual([1, 1]);
    expect(moveTo('Home', 1, 1, 3, 2)).toEqual([1, 0]);
    expect(moveTo('PageDown', 1, 1, 3, 2)).toEqual([2, 1]);
    expect(moveTo('PageUp', 2, 1, 3, 2)).toEqual([0, 1]);
    expect(moveTo('ArrowDown', 0, 0, 0, 0)).toEqual([0, 0]);
    expect(moveTo('x', 0, 0, 3, 2)).toBeNull();
  });
});

describe('what if', () => {
  it('tells acts that change alike in one line', () => {
    const gap = { person: 'a', commune: 'X', first: 't', gained: 0, lost: 2 };
    expect(toldOf([{ ...gap, act: 'live' }, { ...gap, act: 'replay' }, { ...gap, act: 'ptz', lost: 1 }])).toEqual([
      { ...gap, acts: ['live', 'replay'] },
      { ...gap, lost: 1, acts: ['ptz'] },
    ]);
  });
});
