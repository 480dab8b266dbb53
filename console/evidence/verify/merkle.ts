// RFC 6962 hashing and RFC 9162 §2.1.3.2: whether a leaf is at its place in a tree.

import { type Bytes, same } from './bytes';
import { sha256 } from './sha256';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(data: Uint8Array): Bytes {
  return sha256(LEAF, data);
}

export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (index < 0 || index >= size || [leaf, ...proof].some((step) => step.length !== 32)) return false;
  // tree sizes pass 2^31: halving, not shifting
  let place = index;
  let last = size - 1;
  let node = leaf;
  for (const step of proof) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      node = sha256(NODE, step, node);
      while (place % 2 === 0 && place > 0) {
        place /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = sha256(NODE, node, step);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && same(node, root);
}
