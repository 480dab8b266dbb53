import { describe, expect, it } from 'vitest';
import { Early } from '../src/lib/early.svelte';
import { latest, Turns } from '../src/lib/latest';

describe('a key pressed too early', () => {
  /** A list that comes when it is told to. */
  function box(): { list: string[] | null; done: string[]; early: Early<string> } {
    const one = { list: null as string[] | null, done: [] as string[], early: null as unknown as Early<string> };
    one.early = new Early<string>(() => one.list !== null, (what) => one.done.push(`${what}:${one.list?.[0] ?? ''}`));
    return one;
  }

  it('acts at once when its list is there', () => {
    const one = box();
    one.list = ['a'];
    one.early.ask('x');
    expect(one.done).toEqual(['x:a']);
    expect(one.early.waiting).toBe(false);
  });

  it('waits for the list, says so, acts once and on what came', () => {
    const one = box();
    one.early.ask('x');
    expect(one.early.waiting).toBe(true);
    one.early.settle();
    expect(one.done).toEqual([]);
    one.list = ['b'];
    one.early.settle();
    one.early.settle();
    expect(one.done).toEqual(['x:b']);
    expect(one.early.waiting).toBe(false);
  });

  it('means the last of several, and nothing once it is taken back', () => {
    const one = box();
    one.early.ask('x');
    one.early.ask('y');
    one.list = ['c'];
    one.early.settle();
    expect(one.done).toEqual(['y:c']);
    one.list = null;
    one.early.ask('z');
    one.early.forget();
    one.list = ['d'];
    one.early.settle();
    expect(one.done).toEqual(['y:c']);
  });

  it('may ask again from what it does', () => {
    const done: number[] = [];
    let ready = false;
    const early: Early<number> = new Early<number>(() => ready, (n) => {
      done.push(n);
      ready = false;
      if (n < 2) early.ask(n + 1);
    });
    early.ask(1);
    ready = true;
    early.settle();
    expect([done, early.waiting]).toEqual([[1], true]);
    ready = true;
    early.settle();
    expect([done, early.waiting]).toEqual([[1, 2], false]);
  });
});

describe('an answer that was overtaken', () => {
  it('is dropped, in whichever order answers come', async () => {
    const last = latest();
    const answer: ((words: string) => void)[] = [];
    const ask = (): Promise<string | null> => last(new Promise<string>((resolve) => answer.push(resolve)));
    const [first, second] = [ask(), ask()];
    answer[1]?.('second');
    expect(await second).toBe('second');
    answer[0]?.('first');
    expect(await first).toBeNull();
    const [third, fourth] = [ask(), ask()];
    answer[2]?.('third');
    expect(await third).toBeNull();
    answer[3]?.('fourth');
    expect(await fourth).toBe('fourth');
  });

  it('is dropped too when its place was left, whose next question is heard', async () => {
    const last = latest();
    const answer: ((words: string) => void)[] = [];
    const ask = (): Promise<string | null> => last(new Promise<string>((resolve) => answer.push(resolve)));
    const first = ask();
    last.forget();
    answer[0]?.('first');
    expect(await first).toBeNull();
    const second = ask();
    answer[1]?.('second');
    expect(await second).toBe('second');
  });
});

describe('what is read again and again, beside what is done', () => {
  it('is told by each answer that no later one has overtaken: slow answers come on screen too', () => {
    const turns = new Turns();
    const [first, second, third] = [turns.ask(), turns.ask(), turns.ask()];
    expect([turns.tells(first), turns.tells(third), turns.tells(second)]).toEqual([true, true, false]);
  });

  it('is not told by an answer asked before the act whose own answer is there', () => {
    const turns = new Turns();
    const before = turns.ask();
    turns.done();
    expect(turns.tells(before)).toBe(false);
    expect(turns.tells(turns.ask())).toBe(true);
  });
});
