import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { fr } from '../src/i18n/fr';

type Tree = { [key: string]: string | ((...args: never[]) => string) | Tree };

function* leaves(tree: Tree, path = ''): Generator<[string, string | ((...args: never[]) => string)]> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'object') yield* leaves(value, `${path}.${key}`);
    else yield [`${path}.${key}`, value];
  }
}

// The compiler already refuses a missing key; it does not see an empty sentence, nor a list keyed by free strings.
describe('dictionaries', () => {
  const french = new Map(leaves(fr as unknown as Tree));
  const english = new Map(leaves(en as unknown as Tree));

  it('hold the same keys', () => {
    expect([...english.keys()].sort()).toEqual([...french.keys()].sort());
  });
  it('hold no empty sentence', () => {
    for (const [key, value] of [...french, ...english]) if (typeof value === 'string') expect(value.trim(), key).not.toBe('');
  });
  it('use the typographic apostrophe', () => {
    for (const [key, value] of [...french, ...english]) expect(String(value).replaceAll(/\$\{[^}]*\}/g, '').includes("'") && typeof value === 'string', key).toBe(false);
  });
});
