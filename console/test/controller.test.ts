import { describe, expect, it } from 'vitest';
import { Interrupted, liveStep, OPENING_JUMP_GAP_S, RunStitcher, trimEnd } from '../src/lib/controller';

describe('liveStep', () => {
  const buffered = [{ start: 10, end: 20 }];

  it('jumps to the edge when more than a second behind', () => {
    expect(liveStep(18.9, buffered)).toEqual({ seekTo: 19.9, rate: 1 });
  });
  it('jumps sooner when it has just opened: a late start is not worth five seconds of haste', () => {
    expect(liveStep(19.5, buffered, OPENING_JUMP_GAP_S).seekTo).toBe(19.9);
    expect(liveStep(19.5, buffered)).toEqual({ seekTo: null, rate: 1.1 });
    expect(liveStep(19.7, buffered, OPENING_JUMP_GAP_S)).toEqual({ seekTo: null, rate: 1.1 });
  });
  it('plays faster above 0.20 s, slower below 0.06 s, evenly between', () => {
    expect(liveStep(19.7, buffered)).toEqual({ seekTo: null, rate: 1.1 });
    expect(liveStep(19.9, buffered)).toEqual({ seekTo: null, rate: 1 });
    expect(liveStep(19.95, buffered)).toEqual({ seekTo: null, rate: 0.95 });
  });
  it('starts at the key frame when behind the first range, as at time zero', () => {
    expect(liveStep(0, buffered).seekTo).toBeCloseTo(19.9);
    expect(liveStep(0, [{ start: 1.2, end: 1.24 }]).seekTo).toBe(1.2);
  });
  it('leaves a hole for the last range', () => {
    expect(liveStep(5, [{ start: 0, end: 5 }, { start: 8, end: 8.5 }]).seekTo).toBeCloseTo(8.4);
  });
  it('waits on an empty buffer', () => {
    expect(liveStep(0, [])).toEqual({ seekTo: null, rate: 1 });
  });
  it('never asks for a point outside what is buffered', () => {
    for (let at = 0; at < 30; at += 0.37) {
      const { seekTo } = liveStep(at, buffered);
      if (seekTo !== null) expect(seekTo >= 10 && seekTo <= 20).toBe(true);
    }
  });
});

describe('trimEnd', () => {
  it('cuts at a key frame, five seconds behind at least', () => {
    expect(trimEnd(20, [{ start: 0, end: 21 }], [0, 10, 14, 16])).toBe(14);
  });
  it('keeps a long group whole: a frame removed takes those that depend on it', () => {
    expect(trimEnd(20, [{ start: 0, end: 21 }], [0])).toBeNull();
  });
  it('does not bother for less than a second', () => {
    expect(trimEnd(20, [{ start: 13.5, end: 21 }], [13.5, 14])).toBeNull();
  });
});

describe('RunStitcher', () => {
  it('puts the first run at zero whatever its base', () => {
    const stitch = new RunStitcher();
    stitch.newInit();
    expect(stitch.place(86_400)).toEqual({ mediaS: 0, newOffsetS: -86_400 });
    expect(stitch.place(86_400.04).newOffsetS).toBeNull();
  });
  it('continues without a jump when a new init belongs to the same run', () => {
    const stitch = new RunStitcher();
    for (let n = 0; n < 50; n += 1) stitch.place(100 + n * 0.04);
    stitch.newInit();
    expect(stitch.place(102).newOffsetS).toBeNull();
  });
  it('places a new run, which starts again at zero, behind the old one', () => {
    const stitch = new RunStitcher();
    for (let n = 0; n <= 50; n += 1) stitch.place(100 + n * 0.04);
    stitch.newInit();
    const next = stitch.place(0);
    expect(next.mediaS).toBeCloseTo(2.04, 2);
    expect(stitch.place(0.04).mediaS).toBeCloseTo(2.08, 2);
  });
  it('never goes back, whatever the bases', () => {
    const stitch = new RunStitcher();
    let last = -1;
    for (const base of [5, 5.04, 7, 0, 0.04, 1e6, 1e6 + 0.04, 3]) {
      stitch.newInit();
      const { mediaS } = stitch.place(base);
      expect(mediaS).toBeGreaterThanOrEqual(last - 0.6);
      last = mediaS;
    }
  });
});

describe('an interruption that the centre told', () => {
  it('lasts while what was buffered before is played, and ends with the first picture that came after', () => {
    const told = new Interrupted();
    expect(told.ends(3)).toBe(true);
    told.begins();
    expect([told.ends(9.8), told.ends(9.96), told.ends(1e6)]).toEqual([false, false, false]);
    told.came(10);
    told.came(10.04);
    expect([told.ends(9.96), told.ends(10), told.ends(10.04)]).toEqual([false, true, true]);
    expect(told.ends(9.96)).toBe(true);
  });

  it('is told again from then on, and is over with another view', () => {
    const told = new Interrupted();
    told.begins();
    told.came(10);
    told.begins();
    expect(told.ends(10.2)).toBe(false);
    told.came(10.4);
    expect([told.ends(10.2), told.ends(10.4)]).toEqual([false, true]);
    told.begins();
    told.over();
    expect(told.ends(0)).toBe(true);
  });
});
