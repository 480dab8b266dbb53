/** Of several questions asked one after the other, only the last one's answer counts: an earlier one may come later. */
export interface Latest {
  <T>(answer: Promise<T>): Promise<T | null>;
  /** The place was left: what was asked there is not heard any more. */
  forget(): void;
}

/** A turn-keeper for one place on the screen: the answer, or null when another question was asked meanwhile. */
export function latest(): Latest {
  let asked = 0;
  const heard = async <T>(answer: Promise<T>): Promise<T | null> => {
    const turn = ++asked;
    const told = await answer;
    return turn === asked ? told : null;
  };
  return Object.assign(heard, { forget: () => void (asked += 1) });
}

/** For what is read again and again: a slow answer counts as well, unless a later question's, or an act, came before it. */
export class Turns {
  #asked = 0;
  #told = 0;

  /** The turn of a question that is asked now. */
  ask(): number {
    return (this.#asked += 1);
  }

  /** Whether the answer that came tells something still. */
  tells(turn: number): boolean {
    if (turn < this.#told) return false;
    this.#told = turn;
    return true;
  }

  /** An act told what is now: whatever was asked before tells nothing any more. */
  done(): void {
    this.#told = this.#asked += 1;
  }
}
