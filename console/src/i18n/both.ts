/** A sentence of the console in both languages at once, for errors that outlive a change of language. */
import type { Text } from '../lib/types';
import { en } from './en';
import { fr } from './fr';

export const both = (choose: (dictionary: typeof fr) => string): Text => ({ fr: choose(fr), en: choose(en) });
