/** Dark for the night, light for offices. */
export type Theme = 'dark' | 'light';

export const theme = {
  restore(): void {
    const kept = localStorage.getItem('beffroi.theme');
    document.documentElement.dataset['theme'] = kept === 'light' ? 'light' : 'dark';
  },
  current(): Theme {
    return document.documentElement.dataset['theme'] === 'light' ? 'light' : 'dark';
  },
  toggle(): Theme {
    const next: Theme = theme.current() === 'light' ? 'dark' : 'light';
    document.documentElement.dataset['theme'] = next;
    localStorage.setItem('beffroi.theme', next);
    return next;
  },
};
