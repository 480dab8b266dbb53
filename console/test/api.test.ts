import { afterEach, expect, test, vi } from 'vitest';
import { api } from '../src/lib/api';

afterEach(() => vi.unstubAllGlobals());

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
