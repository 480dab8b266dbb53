import { afterEach, expect, test, vi } from 'vitest';
import { BalanceReading } from '../src/lib/balance.svelte';

afterEach(() => vi.unstubAllGlobals());

const END = { at: '2026-11-22T20:00:00Z', checked: null, adds_up: true, whole: [] };
const day = (camera: string): Record<string, unknown> => ({ camera, name: 'Place de l’Été', stream: 'main', adds_up: true, wrong: [] });
const WHOLE = [{ cameras: 2 }, { done: 1, days: [day('a')] }, { done: 2, days: [day('b')] }, END];

/** The bytes of an answer, cut anywhere: also within a letter. */
function coming(lines: readonly unknown[], size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line === null ? '' : JSON.stringify(line)}\n`).join(''));
  return new ReadableStream({
    start(controller): void {
      for (let from = 0; from < bytes.length; from += size) controller.enqueue(bytes.slice(from, from + size));
      controller.close();
    },
  });
}

function answer(body: BodyInit, status = 200): void {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })));
}

async function asked(body: BodyInit, status = 200): Promise<BalanceReading> {
  answer(body, status);
  const reading = new BalanceReading();
  await reading.ask('', '2026-11-01', '2026-11-22');
  expect(reading.busy).toBe(false);
  return reading;
}

test('it comes a camera at a time, wherever the wire cuts it, past the lines that say nothing', async () => {
  for (const size of [1, 7, 64, 10_000]) {
    const [head, ...rest] = WHOLE;
    const reading = await asked(coming([head, null, null, ...rest], size));
    expect(reading.error).toBeNull();
    expect([reading.done, reading.cameras, reading.end]).toEqual([2, 2, END]);
    expect(reading.days.map((one) => `${one.camera} ${one.name}`)).toEqual(['a Place de l’Été', 'b Place de l’Été']);
  }
});

test('without its end it is not whole, and says so', async () => {
  for (const some of [WHOLE.slice(0, 3), WHOLE.slice(0, 1), []]) {
    const reading = await asked(coming(some, 10));
    expect(reading.end).toBeNull();
    expect(reading.error?.fr).toContain('interrompu');
  }
});

test('what stops it is told in the words of the centre; what came before stays', async () => {
  const stopped = { error: { code: 'stopped', text: { fr: 'L’enregistreur ne répond pas.', en: 'No answer.' } } };
  const reading = await asked(coming([...WHOLE.slice(0, 2), stopped], 9));
  expect([reading.error?.fr, reading.done, reading.days.length]).toEqual(['L’enregistreur ne répond pas.', 1, 1]);
  const refused = await asked(JSON.stringify(stopped), 403);
  expect([refused.error?.fr, refused.cameras]).toEqual(['L’enregistreur ne répond pas.', null]);
  const odd = await asked(coming([WHOLE[0]], 9).pipeThrough(new TransformStream({ flush: (out) => out.enqueue(new TextEncoder().encode('<html>\n')) })));
  expect(odd.error?.fr).not.toBe('');
  expect(odd.end).toBeNull();
});

test('who asks anew, or leaves, ends what was asked before, and hears nothing of it', async () => {
  const signals: AbortSignal[] = [];
  let first: ReadableStreamDefaultController<Uint8Array> | null = null;
  const held = new ReadableStream<Uint8Array>({ start: (controller) => { first = controller; } });
  const bodies = [held, coming(WHOLE, 50)];
  vi.stubGlobal('fetch', (_: string, { signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return Promise.resolve(new Response(bodies.shift()));
  });
  const reading = new BalanceReading();
  const before = reading.ask('', '2026-11-01', '2026-11-22');
  await reading.ask('', '2026-11-22', '2026-11-22');
  expect(signals.map((one) => one.aborted)).toEqual([true, false]);
  (first as ReadableStreamDefaultController<Uint8Array> | null)?.error(new Error('aborted'));
  await before;
  expect([reading.error, reading.end, reading.days.length]).toEqual([null, END, 2]);
  reading.stop();
  expect(signals[1]?.aborted).toBe(true);
});
