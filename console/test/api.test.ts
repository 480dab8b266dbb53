import { afterEach, expect, test, vi } from 'vitest';
import { api } from '../src/lib/api';
import { CLOCK_HEADER, centreNowUs, heardClock } from '../src/lib/centreclock';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('the register of all cameras names none', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return Promise.resolve(new Response('{"entries": []}', { headers: { 'content-type': 'application/json' } }));
  });
  await api.register('', '2026-03-02');
  await api.register('cx', '2026-03-02');
  expect(asked).toEqual(['/api/register?day=2026-03-02', '/api/register?day=2026-03-02&camera=cx']);
});

test('the instant is the centre’s, whatever the workstation’s clock says', async () => {
  const right = Date.parse('2026-11-22T02:14:00Z');
  for (const wrong of [right - 11 * 86_400e3, right + 3 * 3600e3, right]) {
    vi.useFakeTimers({ now: wrong, toFake: ['Date'] });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"entries": []}', { headers: { [CLOCK_HEADER]: String(right * 1000) } })));
    await api.register('', '2026-11-22');
    expect(centreNowUs()).toBe(right * 1000);
  }
});

test('a workstation that is right keeps its own clock; an answer that does not say it changes nothing', () => {
  const right = Date.parse('2026-11-22T02:14:00.700Z');
  vi.useFakeTimers({ now: right, toFake: ['Date'] });
  const said = (ms: number): string => String(ms * 1000);
  heardClock(said(right), right, right);
  heardClock(said(right), right - 400, right + 900);
  heardClock(said(right + 50), right, right + 5000);
  for (const odd of [null, '', 'hier', '-5', '1e9', '9'.repeat(20)]) heardClock(odd, right, right);
  heardClock(said(0), right + 10, right);
  expect(centreNowUs()).toBe(right * 1000);
  heardClock(said(right + 9000), right, right + 1000);
  expect(centreNowUs()).toBe((right + 8000) * 1000);
});

test('nothing but the centre’s clock itself reads the workstation’s', () => {
  const sources = import.meta.glob<string>('../src/**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true });
  expect(Object.keys(sources).length).toBeGreaterThan(100);
  const readers = Object.entries(sources).filter(([, code]) => /Date\.now|new Date\(\)/.test(code));
  // The call to the centre frames each answer between two instants of the workstation: that is how the centre's is known.
  expect(readers.map(([path]) => path).sort()).toEqual(['../src/lib/api.ts', '../src/lib/centreclock.ts']);
});
