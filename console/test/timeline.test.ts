import { describe, expect, it } from 'vitest';
import { drawn, follow, MIN_SPAN_US, pan, ticks, usAt, xOf, zoomAround } from '../src/lib/timeline';

const granted = { from: 1_795_311_190e6, to: 1_795_311_190e6 + 1800e6 };

describe('zoom', () => {
  it('keeps what is under the pointer under the pointer', () => {
    let reach = granted;
    const x = 700;
    const under = usAt(x, reach, 1000);
    for (let n = 0; n < 6; n += 1) {
      reach = zoomAround(reach, granted, under, 0.6);
      expect(xOf(under, reach, 1000)).toBeCloseTo(x, 0);
    }
  });
  it('stays between ten seconds and all that was granted', () => {
    let reach = granted;
    for (let n = 0; n < 50; n += 1) reach = zoomAround(reach, granted, granted.from + 5e6, 0.5);
    expect(reach.to - reach.from).toBe(MIN_SPAN_US);
    for (let n = 0; n < 50; n += 1) reach = zoomAround(reach, granted, granted.from + 5e6, 2);
    expect(reach).toEqual(granted);
  });
  it('never shows what was not granted', () => {
    for (let n = 0; n < 400; n += 1) {
      const pivot = granted.from + ((n * 7919) % 1800) * 1e6;
      const reach = pan(zoomAround(granted, granted, pivot, 0.01 + (n % 100) / 100), granted, ((n % 9) - 4) * 400e6);
      expect(reach.from).toBeGreaterThanOrEqual(granted.from);
      expect(reach.to).toBeLessThanOrEqual(granted.to);
      expect(reach.to).toBeGreaterThan(reach.from);
    }
  });
  it('takes a range shorter than ten seconds whole', () => {
    const short = { from: 0, to: 4e6 };
    expect(zoomAround(short, short, 1e6, 0.1)).toEqual(short);
  });
});

describe('follow', () => {
  const reach = { from: granted.from, to: granted.from + 60e6 };
  it('does not move while the playhead is in sight', () => {
    expect(follow(reach, granted, granted.from + 30e6)).toBe(reach);
  });
  it('turns the page when it leaves', () => {
    const at = granted.from + 61e6;
    const next = follow(reach, granted, at);
    expect(next.from).toBeLessThan(at);
    expect(next.to - at).toBeGreaterThan(50e6);
  });
});

describe('ticks', () => {
  it('fall on round legal times, far enough apart', () => {
    const { list, withSeconds } = ticks(granted, 1500);
    expect(list.length).toBeGreaterThan(5);
    expect(withSeconds).toBe(false);
    for (const tick of list) expect((tick.us / 1e6) % 60).toBe(0);
    for (let n = 1; n < list.length; n += 1) expect((list[n]?.x ?? 0) - (list[n - 1]?.x ?? 0)).toBeGreaterThanOrEqual(84);
  });
  it('mark midnight in legal time, not in UTC', () => {
    const midnight = Date.UTC(2026, 10, 21, 23) * 1000;
    const { list } = ticks({ from: midnight - 3600e6, to: midnight + 3600e6 }, 1200);
    expect(list.filter((tick) => tick.day).map((tick) => tick.us)).toEqual([midnight]);
  });
  it('draw nothing on nothing', () => {
    expect(ticks({ from: 5, to: 5 }, 100).list).toEqual([]);
    expect(ticks(granted, 0).list).toEqual([]);
  });
});

describe('drawn', () => {
  it('cuts to the window, gives the shortest gap a pixel, joins what touches', () => {
    const reach = { from: 0, to: 1000 };
    expect(drawn([{ from: -50, to: 100 }, { from: 2000, to: 3000 }], reach, 100)).toEqual([{ x: 0, width: 10 }]);
    expect(drawn([{ from: 500, to: 501 }], reach, 100)).toEqual([{ x: 50, width: 1 }]);
    expect(drawn([{ from: 0, to: 100 }, { from: 101, to: 200 }], reach, 100)).toEqual([{ x: 0, width: 20 }]);
  });
});
