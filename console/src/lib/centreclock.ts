/**
 * The centre's clock, as its answers tell it: terms and countdowns are the centre's, and a workstation's clock may be
 * wrong. Every answer says when it was sent; who asked knows between which two instants that was.
 */

export const CLOCK_HEADER = 'x-beffroi-now-us';

let aheadMs = 0;

/** Takes what an answer says that was asked for at `askedMs` and came at `gotMs`, by this machine's clock. */
export function heardClock(said: string | null, askedMs: number, gotMs: number): void {
  if (said === null || !/^\d{1,16}$/.test(said) || gotMs < askedMs) return;
  const told = Number(said) / 1000;
  // As little as the answer asks for: a machine that is right keeps its own clock, and nothing trembles.
  aheadMs = Math.min(Math.max(aheadMs, told - gotMs), told - askedMs);
}

/** The present instant by the centre's clock, in microseconds; by this machine's until the centre has answered. */
export function centreNowUs(): number {
  return (Date.now() + aheadMs) * 1000;
}
