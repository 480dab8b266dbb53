import { describe, expect, it } from 'vitest';
import { leftWords, openings, underWay, type OnsiteSession, type OnsiteState } from '../src/lib/onsite';

const one = (more: Partial<OnsiteSession> = {}): OnsiteSession => ({
  id: 'V-1', mine: true, investigator: 'Adjudante', service: 'Brigade de recherches', number: '1', reason: 'watch', asked_us: 10, opened_us: 20, ended_us: null, outcome: '', cause: '',
  package: '', left_s: 100, idle_left_s: 50, seconds: 0, views: [], marks: [], ...more,
});
const state = (more: Partial<OnsiteState> = {}): OnsiteState => ({ papers: [], sessions: [], guest: false, now_us: 1000, ...more });
const paper = (service: string, from_us: number, to_us: number): OnsiteState['papers'][number] => ({
  document: `requisition/${service}`, number: '1', service, opj: '', from_us, to_us, cameras: [{ id: 'c', name: 'Place', commune: 'Bourg' }],
});

describe('where a viewing stands', () => {
  it('knows this screen from another', () => {
    expect(underWay(state({ sessions: [one()] })).here?.id).toBe('V-1');
    expect(underWay(state({ sessions: [one({ mine: false })] }))).toMatchObject({ here: null, elsewhere: true });
    expect(underWay(state({ sessions: [one({ ended_us: 30 })] }))).toMatchObject({ here: null, elsewhere: false, lingering: null });
  });
  it('remembers an investigator who is still before the screen', () => {
    const ended = [one({ ended_us: 30 }), one({ id: 'V-2', ended_us: 40 }), one({ id: 'V-3', mine: false, ended_us: 50 })];
    expect(underWay(state({ sessions: ended, guest: true })).lingering?.id).toBe('V-2');
    expect(underWay(state({ sessions: [...ended, one({ id: 'V-4' })], guest: true })).lingering).toBeNull();
  });
});

describe('what may be opened', () => {
  it('is of the same service, and not of the future', () => {
    const papers = [paper('brigade  de Recherches', 100, 2000), paper('police', 100, 200), paper('Brigade de recherches', 1000, 2000)];
    expect(openings(state({ papers }), one())).toEqual([{ camera: 'c', name: 'Place', commune: 'Bourg', fromUs: 100, toUs: 1000 }]);
  });
});

describe('what is left', () => {
  it('is said in a corner', () => {
    expect([0, -3, 65, 3599, 3600, 14_399].map(leftWords)).toEqual(['0:00', '0:00', '1:05', '59:59', '1 h 00', '3 h 59']);
  });
});
