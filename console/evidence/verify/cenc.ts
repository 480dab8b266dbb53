// Common encryption `cenc` of one sample: AES-CTR, the key stream running on over its protected parts.

import { MalformedError } from './boxes';
import { type Bytes, join } from './bytes';
import type { Sample } from './fragment';

export async function contentKey(key: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', key, 'AES-CTR', false, ['encrypt']);
}

/** Encrypt or decrypt, in place, the samples of a fragment that lies in `data` from its first byte on. */
export async function applyAll(data: Bytes, samples: readonly Sample[], key: CryptoKey): Promise<void> {
  await Promise.all(samples.map((sample) => apply(data, sample, key)));
}

async function apply(data: Bytes, sample: Sample, key: CryptoKey): Promise<void> {
  const parts: Bytes[] = [];
  let at = sample.offset;
  for (const [clear, hidden] of sample.subsamples) {
    parts.push(data.subarray(at + clear, at + clear + hidden));
    at += clear + hidden;
  }
  if (at !== sample.offset + sample.size) throw new MalformedError('sub-samples do not add up');
  const counter = new Uint8Array(16);
  counter.set(sample.iv);
  const secret = parts.length === 1 ? parts[0]! : join(...parts);
  const out = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, key, secret));
  let from = 0;
  for (const part of parts) {
    part.set(out.subarray(from, from + part.length));
    from += part.length;
  }
}
