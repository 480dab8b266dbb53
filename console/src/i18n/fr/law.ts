export const refusal = {
  title: 'Accès refusé',
  unsettled: 'À confirmer avec la préfecture',
  articles: 'Fondement',
  cure: 'Ce qui lèverait le refus',
  issuer: (who: string) => `délivré par ${who}`,
  whom: 'À qui s’adresser',
  why: 'Pourquoi ?',
  met: 'remplie',
  unmet: 'non remplie',
  conditions: 'Conditions examinées',
};
