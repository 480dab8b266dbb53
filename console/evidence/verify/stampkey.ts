// The public key of a time stamp's certificate, and whether it signed: RSA (PKCS #1 v1.5) or a NIST curve, by WebCrypto.

import { type Bytes, join, same } from './bytes';
import { BITS, type Der, DerError, NULL, SEQUENCE, pair, positive, readDer, sequence } from './der';

export type Hash = 'SHA-256' | 'SHA-384' | 'SHA-512';

const [RSA, EC] = ['2a864886f70d010101', '2a8648ce3d0201'];
const CURVES = new Map<string, [string, number]>([
  ['2a8648ce3d030107', ['P-256', 32]],
  ['2b81040022', ['P-384', 48]],
  ['2b81040023', ['P-521', 66]],
]);
const EXPONENT = Uint8Array.of(1, 0, 1);
const WHAT = 'SubjectPublicKeyInfo';

export interface PublicKey {
  spki: Bytes;
  /** Name of the curve and bytes of a coordinate; null for RSA. */
  curve: [string, number] | null;
}

/** RSA of 2048 to 8192 bits with the usual exponent, or a NIST curve; anything else is malformed for both verifiers. */
export function readKey(given: Der, elliptic: boolean): PublicKey {
  const parts = sequence(given, WHAT);
  const [algorithm, bits] = [parts.take(SEQUENCE, WHAT).parts(WHAT), parts.take(BITS, WHAT).body];
  parts.done();
  const kind = algorithm.any(WHAT).oid(WHAT);
  if (bits[0] !== 0 || kind !== (elliptic ? EC : RSA)) throw new DerError(WHAT);
  let curve: PublicKey['curve'] = null;
  if (elliptic) {
    curve = CURVES.get(algorithm.any(WHAT).oid(WHAT)) ?? null;
    if (curve === null || bits[1] !== 4 || bits.length !== 2 + 2 * curve[1]) throw new DerError(WHAT);
  } else {
    if (algorithm.take(NULL, WHAT).body.length > 0) throw new DerError(WHAT);
    const [modulus, exponent] = pair(readDer(bits.subarray(1), WHAT), WHAT);
    const size = positive(modulus, WHAT).length;
    if (size < 256 || size > 1024 || !same(positive(exponent, WHAT), EXPONENT)) throw new DerError(WHAT);
  }
  algorithm.done();
  return { spki: given.raw, curve };
}

export async function signed(message: Bytes, signature: Bytes, { spki, curve }: PublicKey, hash: Hash): Promise<boolean> {
  const kind = curve === null ? { name: 'RSASSA-PKCS1-v1_5', hash } : { name: 'ECDSA', namedCurve: curve[0] };
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey('spki', spki, kind, false, ['verify']);
  } catch {
    throw new DerError(WHAT);
  }
  if (curve === null) return crypto.subtle.verify('RSASSA-PKCS1-v1_5', key, signature, message);
  const size = curve[1];
  const numbers = pair(readDer(signature, 'SignatureValue'), 'SignatureValue').map((one) => positive(one, 'SignatureValue'));
  if (numbers.some((one) => one.length > size)) return false;
  const raw = join(...numbers.map((one) => join(new Uint8Array(size - one.length), one)));
  return crypto.subtle.verify({ name: 'ECDSA', hash }, key, raw, message);
}
