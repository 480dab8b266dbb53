import { describe, expect, it } from 'vitest';
import { dropBehind, isBuffered, nextStep, shuttle, STOOD_EDGE_S, withGap } from '../src/lib/planner';

describe('nextStep', () => {
  const gap = { start: 20, end: 50 };

  it('plays what is there and waits for what is not', () => {
    expect(nextStep(5, [{ start: 0, end: 10 }], [], null)).toEqual({ kind: 'play' });
    expect(nextStep(10, [{ start: 0, end: 10 }], [], null)).toEqual({ kind: 'wait' });
    expect(nextStep(5, [], [], null)).toEqual({ kind: 'wait' });
  });
  it('shows a gap when the playhead meets it, also when it is put inside', () => {
    expect(nextStep(19.95, [{ start: 0, end: 20 }], [gap], null)).toEqual({ kind: 'gap', gap });
    expect(nextStep(35, [], [gap], null)).toEqual({ kind: 'gap', gap });
    expect(nextStep(50, [], [gap], null)).toEqual({ kind: 'wait' });
  });
  it('prefers pictures to a gap that claims the same time', () => {
    expect(nextStep(25, [{ start: 24, end: 30 }], [gap], null)).toEqual({ kind: 'play' });
  });
  it('steps over the seam between two files without calling it a gap', () => {
    expect(nextStep(10, [{ start: 0, end: 10 }, { start: 10.2, end: 20 }], [], null)).toEqual({ kind: 'jump', to: expect.closeTo(10.201) as number });
  });
  it('joins the first key frame when the centre starts further on', () => {
    expect(nextStep(10, [{ start: 12, end: 20 }], [], null)).toEqual({ kind: 'jump', to: expect.closeTo(12.001) as number });
  });
  it('does not skip what is still to come between two ranges', () => {
    expect(nextStep(10, [{ start: 0, end: 10.05 }, { start: 30, end: 40 }], [], null)).toEqual({ kind: 'wait' });
  });
  it('ends at the end', () => {
    expect(nextStep(59.9, [{ start: 50, end: 59.95 }], [], 60)).toEqual({ kind: 'end' });
    expect(nextStep(55, [{ start: 50, end: 60 }], [], 60)).toEqual({ kind: 'play' });
  });
  // No gap is told for a second or less; the element stops up to one picture before the end of what it has.
  it.each([0.05, 0.2, 0.5, 0.93, 0.97, 1])('steps over a hole of %d s that is not told, from wherever the element stopped', (hole) => {
    for (const fps of [25, 12, 5, 2]) {
      for (const short of [0, 0.4 / fps, 1 / fps]) {
        for (const drift of [-0.04, 0, 0.04]) {
          const next = 10 + hole + drift;
          const step = nextStep(10 - short, [{ start: 0, end: 10 }, { start: next, end: 20 }], [], null, STOOD_EDGE_S);
          expect(step, `${fps} ${short} ${drift}`).toEqual({ kind: 'jump', to: next + 0.001 });
          if (short <= 0.08) expect(nextStep(10 - short, [{ start: 0, end: 10 }, { start: next, end: 20 }], [], null)).toEqual(step);
        }
      }
    }
  });
  it.each([12, 5, 2])('ends, and meets its gap, with an element that stood one picture early at %d a second', (fps) => {
    const at = 20 - 1 / fps;
    expect(nextStep(at, [{ start: 0, end: 20 }], [], 20.03, STOOD_EDGE_S)).toEqual({ kind: 'end' });
    expect(nextStep(at, [{ start: 0, end: 20 }], [gap], null, STOOD_EDGE_S)).toEqual({ kind: 'gap', gap });
    // Not before it stood: the last picture is still to be shown.
    expect(nextStep(at, [{ start: 0, end: 20 }], [gap], 20.03)).toEqual({ kind: 'play' });
  });
  it('always gets to the end, from anywhere, over seams and gaps', () => {
    const buffered = [{ start: 0, end: 20 }, { start: 50, end: 55 }, { start: 55.3, end: 80 }];
    for (let from = 0; from < 80; from += 3.7) {
      let at = from;
      let steps = 0;
      for (; steps < 2000; steps += 1) {
        const step = nextStep(at, buffered, [gap], 80);
        if (step.kind === 'end') break;
        at = step.kind === 'play' ? at + 0.1 : step.kind === 'jump' ? step.to : step.kind === 'gap' ? step.gap.end + 0.001 : at;
        expect(step.kind).not.toBe('wait');
      }
      expect(steps).toBeLessThan(2000);
    }
  });
});

describe('buffer', () => {
  it('keeps thirty seconds behind', () => {
    expect(dropBehind(100, [{ start: 0, end: 110 }])).toEqual({ start: 0, end: 70 });
    expect(dropBehind(35, [{ start: 0, end: 40 }])).toBeNull();
    expect(dropBehind(35, [])).toBeNull();
  });
  it('knows what needs no request', () => {
    expect(isBuffered(5, [{ start: 4, end: 6 }])).toBe(true);
    expect(isBuffered(6, [{ start: 4, end: 6 }])).toBe(false);
  });
});

describe('shuttle', () => {
  it('doubles in its direction up to eight, slows from the other side', () => {
    expect([shuttle(0, 'l'), shuttle(1, 'l'), shuttle(8, 'l')]).toEqual([1, 2, 8]);
    expect([shuttle(0, 'j'), shuttle(-1, 'j'), shuttle(-8, 'j')]).toEqual([-1, -2, -8]);
    expect([shuttle(4, 'j'), shuttle(1, 'j'), shuttle(-1, 'l')]).toEqual([2, -1, 1]);
  });
});

describe('withGap', () => {
  it('adds each gap once, in order, the wider in place of the narrower', () => {
    const known = [{ from: 10, to: 20 }];
    expect(withGap(known, { from: 12, to: 18 })).toEqual(known);
    expect(withGap(known, { from: 30, to: 40 })).toEqual([...known, { from: 30, to: 40 }]);
    expect(withGap(known, { from: 5, to: 25 })).toEqual([{ from: 5, to: 25 }]);
  });
});
