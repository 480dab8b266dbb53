import type * as french from '../fr/law';

export const refusal: typeof french.refusal = {
  title: 'Access refused',
  unsettled: 'To be confirmed with the préfecture',
  articles: 'Legal basis',
  cure: 'What would lift the refusal',
  issuer: (who) => `issued by ${who}`,
  whom: 'Whom to ask',
  why: 'Why?',
  met: 'met',
  unmet: 'not met',
  conditions: 'Conditions examined',
};
