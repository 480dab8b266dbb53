/** Finding a person among many, whatever the accents: pure. */
import type { PersonRow } from './lawtypes';

const fold = (text: string): string => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

export function personMatches(row: PersonRow, text: string, status: string): boolean {
  if (status !== '' && row.status !== status) return false;
  const papers = row.papers.map((paper) => `${paper.code} ${paper.number}`).join(' ');
  const words = fold(`${row.id} ${row.name.fr} ${row.name.en} ${row.quality.fr} ${row.quality.en} ${row.employer.name} ${row.commune?.name ?? ''} ${papers}`);
  return fold(text).split(/\s+/).filter(Boolean).every((word) => words.includes(word));
}
