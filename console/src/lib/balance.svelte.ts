/** One reading of the balance: it comes a few cameras at a time, may take minutes, and stops when nobody waits for it. */
import { both } from '../i18n/both';
import { api } from './api';
import { attempt } from './load';
import type { BalanceEnd, BalanceLine, Text } from './types';

export class BalanceReading {
  /** How many cameras there are; null before the centre has said so. */
  cameras = $state.raw<number | null>(null);
  done = $state.raw(0);
  days = $state.raw<BalanceLine[]>([]);
  /** What comes last; without it the balance is not whole. */
  end = $state.raw<BalanceEnd | null>(null);
  error = $state.raw<Text | null>(null);
  busy = $state.raw(false);
  #stopping = new AbortController();

  /** Begins anew: what was found for another question does not stand under this one. */
  async ask(camera: string, from: string, to: string): Promise<void> {
    this.stop();
    const stopping = (this.#stopping = new AbortController());
    this.cameras = this.end = this.error = null;
    this.done = 0;
    this.days = [];
    this.busy = true;
    const outcome = await attempt(async () => {
      for await (const part of api.balance(camera, from, to, stopping.signal)) {
        if (stopping.signal.aborted) return;
        if ('days' in part) {
          this.days = [...this.days, ...part.days];
          this.done = part.done;
        } else if ('cameras' in part) this.cameras = part.cameras;
        else this.end = part;
      }
    });
    if (stopping.signal.aborted) return;
    this.busy = false;
    this.error = outcome.error ?? (this.end ? null : both((t) => t.balance.broken));
  }

  /** What has come stays; nothing more does. */
  stop(): void {
    this.#stopping.abort();
    this.busy = false;
  }
}
