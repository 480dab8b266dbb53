import type { balance as french } from '../fr/balance';

export const balance: typeof french = {
  title: 'Balance of recordings',
  lead: 'Was what was ordered recorded, and what became of it? This reading is itself written down.',
  from: 'From',
  to: 'To',
  stream: 'Stream',
  verdict: 'Verdict',
  terms: {
    mandated: 'Ordered',
    recorded: 'Recorded',
    gaps: 'Missing',
    pending: 'Pending',
    beyond: 'Beyond',
    held: 'Held',
    destroyed: 'Destroyed',
    lost: 'Lost',
  },
  good: 'right',
  bad: 'wrong',
  right: 'It adds up',
  wrong: (n: number) => (n > 1 ? `It does not add up: ${n} anomalies` : 'It does not add up: 1 anomaly'),
  sums: 'Ordered + beyond = recorded + missing + pending; recorded = held + destroyed + lost.',
  everywhere: 'Anomalies that concern no day',
  checked: (when: string) => `journal and sheets looked at on ${when}`,
  notChecked: 'journal and sheets not looked at yet since the recorder was started',
  none: 'Nothing was ordered or recorded on those days.',
};
