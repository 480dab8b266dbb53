/** The language of the screen. `i18n.t` is the dictionary; `i18n.pick` reads what the centre says in both languages. */
import type { Language, Text } from '../lib/types';
import { en } from './en';
import { fr } from './fr';

export type Dictionary = typeof fr;

const dictionaries: Record<Language, Dictionary> = { fr, en };

/** French punctuation may not begin a line: its space becomes one that does not break. */
export const unbroken = (french: string): string => french.replaceAll(/ (?=[:;?!»])/g, '\u00a0').replaceAll('« ', '«\u00a0');

class I18n {
  language = $state<Language>('fr');

  get t(): Dictionary {
    return dictionaries[this.language];
  }

  set(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
    localStorage.setItem('beffroi.language', language);
  }

  restore(): void {
    const kept = localStorage.getItem('beffroi.language');
    if (kept === 'fr' || kept === 'en') this.set(kept);
  }

  pick(text: Text | string | null | undefined): string {
    if (!text) return '';
    if (typeof text === 'string') return text;
    return this.language === 'fr' ? unbroken(text.fr) : text.en;
  }
}

export const i18n = new I18n();
