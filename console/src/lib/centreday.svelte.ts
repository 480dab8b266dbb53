/** The day at the centre, for day pickers: never the workstation's, and it turns at midnight under a room that stays open. */
import { centreNowUs } from './centreclock';
import { isoDay } from './time';

class CentreDay {
  #shown = $state('');

  get today(): string {
    // Read so that what shows it is drawn again when it turns.
    void this.#shown;
    return isoDay(centreNowUs());
  }

  /** Looked at by the clock on screen, each second. */
  turn(): void {
    this.#shown = isoDay(centreNowUs());
  }
}

export const centreDay = new CentreDay();
