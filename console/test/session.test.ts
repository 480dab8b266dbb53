import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Session } from '../src/lib/session.svelte';
import type { Present } from '../src/lib/lawtypes';
import type { Me } from '../src/lib/types';

const ME: Me = { account: 'a', name: 'A', role: 'room_supervisor', language: 'fr', body: null, duty: null, banner: null, demo: false, tools: ['wall', 'room'] };
const ALONE: Present = { present: [], visitor: false };
const VISITED: Present = { present: [{ id: 'v', name: { fr: 'V', en: 'V' } }], visitor: true };

/** What GET /api/screen is answered, when the test says so; nothing else is answered. */
let answers: ((said: Present) => Promise<void>)[] = [];

/** An answer's body is read over a few turns of the loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

beforeEach(() => {
  answers = [];
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('localStorage', { getItem: () => 'fr', setItem: () => undefined });
  vi.stubGlobal('fetch', (path: string) =>
    path !== '/api/screen'
      ? new Promise<never>(() => undefined)
      : new Promise<Response>((resolve) => {
          answers.push((said) => (resolve(new Response(JSON.stringify(said))), settled()));
        }),
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('a screen that was read before the visitor was declared does not lift their black', async () => {
  const session = new Session();
  session.enter(ME);
  session.takePresent(VISITED);
  await answers[0]?.(ALONE);
  expect([session.visitor, session.presence]).toEqual([true, 1]);
  vi.advanceTimersByTime(3000);
  await answers[1]?.(VISITED);
  expect([session.visitor, session.presence]).toEqual([true, 1]);
  vi.advanceTimersByTime(3000);
  await answers[2]?.(ALONE);
  expect([session.visitor, session.presence]).toEqual([false, 2]);
});

it('a screen is told by a slow answer, not by one that a later one overtook', async () => {
  const session = new Session();
  session.enter(ME);
  vi.advanceTimersByTime(6000);
  expect(answers).toHaveLength(3);
  await answers[0]?.(ALONE);
  await answers[2]?.(VISITED);
  await answers[1]?.(ALONE);
  expect([session.visitor, session.presence]).toEqual([true, 1]);
});
