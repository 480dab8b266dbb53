/** Of several questions asked one after the other, only the last one's answer counts: an earlier one may come later. */
export type Latest = <T>(answer: Promise<T>) => Promise<T | null>;

/** A turn-keeper for one place on the screen: the answer, or null when another question was asked meanwhile. */
export function latest(): Latest {
  let asked = 0;
  return async (answer) => {
    const turn = ++asked;
    const told = await answer;
    return turn === asked ? told : null;
  };
}
