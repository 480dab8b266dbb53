import { describe, expect, it } from 'vitest';
import type { DeskCase, DeskHold, DeskPackage, DeskTitle } from '../src/lib/desk';
import { awaitingMe, byCommune, COPY_US, copyEndsUs, dueOf, holdState, inOrder, isPast, leaving, scopeOf, stateOf, warningOf } from '../src/lib/deskcase';

const NOW = 250;
const hold = (more: Partial<DeskHold> = {}): DeskHold => ({
  camera: 'c1', name: 'Place', commune: 'Bourg', authority: { fr: 'maire', en: 'mayor' }, from_us: 100, to_us: 200, until_us: 900, beyond_us: 0,
  dies_us: 800, lengthened: false, inside: [], files: { held: 1, growing: 0, waiting: 0, refused: 0, damaged: 0, past_term: 0 }, complete: true, placed_us: 210, ended_us: null, ...more,
});
const packet = (more: Partial<DeskPackage> = {}): DeskPackage => ({
  id: 'p1', asked: [], prepared_us: 300, prepared_by: 'a', second: 'b', agreed_us: null, built_us: null, size_bytes: null, sha256: '', fetched_bytes: 0,
  signed_on: '', signed_by: '', reference: '', received_us: null, destroyed_us: null, yours: true, awaits_you: false, ...more,
});
const title = (more: Partial<DeskTitle> = {}): DeskTitle => ({
  document: 'requisition/1', number: 'PV 1', signed_on: '2026-11-20', status: 'confirmed', in_force: true, awaiting: null, cameras: [], service: '', frame: '', opj: '', from: '', to: '', ...more,
});
const file = (more: Partial<DeskCase> = {}): DeskCase => ({
  id: 'D-1', kind: 'requisition', opened_us: 10, opened_by: 'a', handlers: ['a'], names: {}, search_s: 1, reason: null,
  call: { caller: '', service: '', callback: '', verified: false, frame: 'flagrance', number: '' },
  holds: [], papers: [], titles: [], packages: [], closed_us: null, closed_why: '', ...more,
});

describe('where a case stands', () => {
  it('follows its life, one word at a time', () => {
    const held = { holds: [hold()] };
    const joined = { ...held, papers: ['requisition/1'], titles: [title()] };
    const steps: [string, DeskCase][] = [
      ['open', file()],
      ['held', file({ holds: [hold({ complete: false })] })],
      ['awaitsPaper', file(held)],
      ['unconfirmed', file({ ...held, papers: ['requisition/1'], titles: [title({ in_force: false, awaiting: 'Bourg' })] })],
      ['joined', file(joined)],
      ['awaitsSecond', file({ ...joined, packages: [packet()] })],
      ['prepared', file({ ...joined, packages: [packet({ agreed_us: 310 })] })],
      ['toHand', file({ ...joined, packages: [packet({ agreed_us: 310, built_us: 320 })] })],
      ['received', file({ ...joined, packages: [packet({ agreed_us: 310, built_us: 320, received_us: 330 })] })],
      ['destroyed', file({ ...joined, closed_us: 400 })],
    ];
    for (const [state, one] of steps) expect(stateOf(one)).toBe(state);
  });

  it('a safeguard waits for nothing: it is held', () => {
    const kept = file({ kind: 'safeguard', holds: [hold()] });
    expect(stateOf(kept)).toBe('held');
    expect(stateOf({ ...kept, call: { ...kept.call, service: 'police' } })).toBe('reported');
  });

  it('after a destroyed delivery it is the paper again that counts', () => {
    expect(stateOf(file({ holds: [hold()], titles: [title()], packages: [packet({ built_us: 1, destroyed_us: 2 })] }))).toBe('joined');
  });
});

describe('what ends next', () => {
  it('is the first image held', () => {
    expect(dueOf(file({ holds: [hold({ dies_us: 800 }), hold({ dies_us: 700 }), hold({ dies_us: 1, ended_us: 2 })] }), NOW)).toEqual({ what: 'images', atUs: 700 });
    expect(dueOf(file(), NOW)).toBeNull();
    expect(dueOf(file({ holds: [hold()], closed_us: 1 }), NOW)).toBeNull();
  });

  it('is the next of the images where the first have come to their term, and presses no more where all have', () => {
    const [gone, next] = [hold({ dies_us: 240 }), hold({ dies_us: 260 })];
    expect(dueOf(file({ holds: [gone, next] }), NOW)).toEqual({ what: 'images', atUs: 260 });
    expect(isPast(file({ holds: [gone, next] }), NOW)).toBe(false);
    const over = file({ id: 'over', holds: [gone, hold({ dies_us: 245 })] });
    expect(dueOf(over, NOW)).toEqual({ what: 'images', atUs: 245 });
    expect([isPast(over, NOW), isPast({ ...over, closed_us: 249 }, NOW), isPast(file(), NOW)]).toEqual([true, false, false]);
    expect(holdState(gone, NOW)).toBe('past');
    const live = file({ id: 'live', holds: [next] });
    expect(inOrder([over, live], NOW).map((one) => one.id)).toEqual(['live', 'over']);
  });

  it('counts the copy from the day that was signed, in legal time', () => {
    const written = Date.parse('2026-03-30T09:00:00Z') * 1000;
    expect(copyEndsUs(packet({ received_us: written, signed_on: '2026-03-29' }))).toBe(Date.parse('2026-04-04T23:00:00Z') * 1000);
    expect(copyEndsUs(packet({ received_us: written, signed_on: '2026-04-02' }))).toBe(written + COPY_US);
    expect(copyEndsUs(packet())).toBeNull();
  });

  it('is the copy once it was received', () => {
    expect(dueOf(file({ holds: [hold()], packages: [packet({ built_us: 1, received_us: 50 })] }), NOW)).toEqual({ what: 'copy', atUs: 50 + COPY_US });
  });
});

describe('a hold', () => {
  it('says what is there, what is missing first', () => {
    const files = { held: 1, growing: 0, waiting: 0, refused: 0, damaged: 0, past_term: 0 };
    expect(holdState(hold(), NOW)).toBe('held');
    expect(holdState(hold({ complete: false, files: { ...files, growing: 1 } }), NOW)).toBe('growing');
    expect(holdState(hold({ complete: false, files: { ...files, held: 0 } }), NOW)).toBe('waiting');
    expect(holdState(hold({ files: { ...files, refused: 1, growing: 1 } }), NOW)).toBe('refused');
    expect(holdState(hold({ files: { ...files, held: 0 } }), NOW)).toBe('nothing');
    expect(holdState(hold({ files: { ...files, damaged: 1, past_term: 1 } }), NOW)).toBe('damaged');
    expect(holdState(hold({ files: { ...files, past_term: 1 } }), NOW)).toBe('pastTerm');
    expect(holdState(hold({ complete: false, files: { ...files, damaged: 1 } }), NOW)).toBe('waiting');
    expect(holdState(hold({ ended_us: 5 }), NOW)).toBe('ended');
  });

  it('that is refused, or of minutes that nobody recorded, is told first', () => {
    const files = { held: 1, growing: 0, waiting: 0, refused: 0, damaged: 0, past_term: 0 };
    const [refused, nothing] = [hold({ complete: false, files: { ...files, refused: 1 } }), hold({ files: { ...files, held: 0 } })];
    expect(warningOf(file({ holds: [hold(), refused, nothing] }), NOW)).toBe('refused');
    expect(warningOf(file({ holds: [nothing] }), NOW)).toBe('nothing');
    expect(warningOf(file({ holds: [hold(), nothing] }), NOW)).toBeNull();
    expect(warningOf(file(), NOW)).toBeNull();
  });

  it('is inside of the requisition, outside, or in part', () => {
    expect(scopeOf(hold())).toBe('none');
    expect(scopeOf(hold({ inside: [[100, 200]] }))).toBe('whole');
    expect(scopeOf(hold({ inside: [[120, 200]] }))).toBe('part');
    expect(leaving(file({ holds: [hold({ inside: [[120, 150], [160, 200]] }), hold({ ended_us: 1, inside: [[1, 2]] })] }))).toEqual([
      { camera: 'c1', name: 'Place', from_us: 120, to_us: 150 },
      { camera: 'c1', name: 'Place', from_us: 160, to_us: 200 },
    ]);
  });
});

describe('the list', () => {
  it('begins with what waits for me, then what ends soonest; what is closed comes last', () => {
    const late = file({ id: 'late', holds: [hold({ dies_us: 900 })] });
    const soon = file({ id: 'soon', holds: [hold({ dies_us: 500 })] });
    const mine = file({ id: 'mine', holds: [hold({ dies_us: 950 })], packages: [packet({ awaits_you: true })] });
    const shut = file({ id: 'shut', closed_us: 1 });
    const empty = file({ id: 'empty' });
    expect(inOrder([shut, late, empty, soon, mine], NOW).map((one) => one.id)).toEqual(['mine', 'soon', 'late', 'empty', 'shut']);
    expect(awaitingMe([late, mine, { ...mine, closed_us: 3 }]).map((one) => one.packet.id)).toEqual(['p1']);
  });

  it('groups by commune in the order found', () => {
    expect(byCommune([{ commune: 'B', n: 1 }, { commune: 'A', n: 2 }, { commune: 'B', n: 3 }]).map(([name, rows]) => [name, rows.length])).toEqual([['B', 2], ['A', 1]]);
  });
});
