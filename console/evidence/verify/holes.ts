// Which of the minutes asked for have neither pictures nor a note that says why (src/beffroi/evidence/holes.py).

export interface Range {
  from: number;
  to: number;
}

/** So much in all, of one camera, may be missing without a note. */
export const UNTOLD_US = 300_000;

const length = (one: Range): number => one.to - one.from;

/** The holes that had to be told: each long one; then, when the short ones are long together, the stretch of them. */
export function untold(asked: readonly Range[], known: readonly Range[]): Range[] {
  const holes = minus(union(asked), union(known));
  const short = holes.filter((hole) => length(hole) <= UNTOLD_US);
  const found = holes.filter((hole) => length(hole) > UNTOLD_US);
  if (short.reduce((sum, hole) => sum + length(hole), 0) > UNTOLD_US) {
    found.push({ from: short[0]!.from, to: short.at(-1)!.to });
  }
  return found;
}

function union(ranges: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (const one of ranges.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = found.at(-1);
    if (last !== undefined && one.from <= last.to) last.to = Math.max(last.to, one.to);
    else found.push({ from: one.from, to: one.to });
  }
  return found;
}

/** Both in order and without overlaps: each is passed once, however many a forger wrote. */
function minus(asked: readonly Range[], known: readonly Range[]): Range[] {
  const found: Range[] = [];
  let n = 0;
  for (const one of asked) {
    let at = one.from;
    for (; n < known.length && known[n]!.from < one.to; n++) {
      const { from, to } = known[n]!;
      if (from > at) found.push({ from: at, to: from });
      at = Math.max(at, to);
      if (to > one.to) break; // it may reach into the next
    }
    if (at < one.to) found.push({ from: at, to: one.to });
  }
  return found;
}
