import { describe, expect, it, vi } from 'vitest';
import { both } from '../src/i18n/both';
import { ApiError, api } from '../src/lib/api';
import { Listing, unread } from '../src/lib/listing.svelte';

const gone = (): ApiError => new ApiError(0, 'network', both((t) => t.errors.network));

/** A list whose answers come when the test says so. */
function asked(): { list: Listing<string[]>; answer: ((rows: string[]) => void)[]; fail: ((error: unknown) => void)[] } {
  const answer: ((rows: string[]) => void)[] = [];
  const fail: ((error: unknown) => void)[] = [];
  const list = new Listing((t) => t.unread.posts, () => new Promise<string[]>((good, bad) => void (answer.push(good), fail.push(bad))));
  return { list, answer, fail };
}

describe('a list that is read', () => {
  it('is nothing until it is there, and never empty because it failed', async () => {
    const { list, fail, answer } = asked();
    const first = list.load();
    expect([list.value, list.error]).toEqual([null, null]);
    fail[0]?.(gone());
    await first;
    expect(list.value).toBeNull();
    expect(list.error?.unreachable).toBe(true);
    const second = list.load();
    answer[1]?.([]);
    await second;
    expect([list.value, list.error]).toEqual([[], null]);
  });

  it('keeps what it had when it cannot be read again, and says since when', async () => {
    const { list, answer, fail } = asked();
    const first = list.load();
    answer[0]?.(['a']);
    await first;
    const second = list.load();
    fail[1]?.(gone());
    await second;
    expect(list.value).toEqual(['a']);
    expect(unread([list])?.fr).toMatch(/^Postes : plus à jour depuis \d\d:\d\d:\d\d\. Le centre ne répond pas\./);
  });

  it('drops an answer that a later one has overtaken, shows a late one that none has', async () => {
    const { list, answer } = asked();
    const [first, second, third] = [list.load(), list.load(), list.load()];
    answer[0]?.(['old']);
    await first;
    expect(list.value).toEqual(['old']);
    answer[2]?.(['new']);
    await third;
    answer[1]?.(['between']);
    await second;
    expect(list.value).toEqual(['new']);
  });

  it('tells nothing to the next person of what was asked for the one who left', async () => {
    const { list, answer } = asked();
    const before = list.load();
    list.forget();
    answer[0]?.(['secret']);
    await before;
    expect(list.value).toBeNull();
  });

  it('keeps the same object for the same content', async () => {
    const { list, answer } = asked();
    const first = list.load();
    answer[0]?.(['a']);
    await first;
    const kept = list.value;
    const second = list.load();
    answer[1]?.(['a']);
    await second;
    expect(list.value).toBe(kept);
  });

  it('lets a fault of the program be one', async () => {
    const { list, fail } = asked();
    const first = list.load();
    fail[0]?.(new TypeError('fault'));
    await expect(first).rejects.toThrow('fault');
  });
});

describe('what is not read', () => {
  it('is named, each by its name, with what to do, in both languages', async () => {
    const one = new Listing<never>((t) => t.unread.reasons, () => Promise.reject(gone()));
    const two = new Listing<never>((t) => t.unread.seconds, () => Promise.reject(gone()));
    const fine = new Listing((t) => t.unread.posts, () => Promise.resolve([]));
    expect(unread([one, two, fine])).toBeNull();
    await Promise.all([one.load(), two.load(), fine.load()]);
    expect(unread([one, two, fine])).toEqual({
      fr: 'Motifs, Secondes personnes : chargement impossible. Le centre ne répond pas. Vérifiez le réseau ; la console réessaie.',
      en: 'Reasons, Second persons: could not be loaded. The centre does not answer. Check the network; the console keeps trying.',
    });
  });
});

it('an answer that is no list is an error, not an empty list', async () => {
  for (const answer of ['null', '{}', '{"rows": []}', '"reasons"', '{"reasons": {}}']) {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(answer)));
    await expect(api.reasons(), answer).rejects.toBeInstanceOf(ApiError);
  }
  vi.unstubAllGlobals();
});
