// C2SP signed notes and checkpoints (src/beffroi/ledger/note.py): one spelling, Ed25519.

import { verifyAsync } from '@noble/ed25519';
import { type Bytes, FormatError, encode, fromBase64, join, same, toBase64, toHex, utf8 } from './bytes';
import { sha256 } from './sha256';

/** What a key signs: notes, or checkpoints of others with the time. */
const [SIGNER, WITNESS] = [Uint8Array.of(1), Uint8Array.of(4)];
// a letter of a name, spelled out as in Python: what \s means differs, and with it what a note is
const NAME = /^[^\p{Cc}\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff+]{1,200}$/u;
const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;
const LINE = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/u;
const LIMIT = 16_384;

export class NoteError extends FormatError {}

export interface Key {
  name: string;
  id: Bytes;
  raw: Bytes;
}

export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
}

export function parseKey(text: string): Key {
  return readKey(text, SIGNER);
}

export function parseWitness(text: string): Key {
  return readKey(text, WITNESS);
}

function readKey(text: string, algorithm: Bytes): Key {
  const given = text.replace(/^[ \t\r\n]+/, '').replace(/[ \t\r\n]+$/, '');
  const [, name = '', tail = ''] = /^([^+]*)\+[^+]*\+(.*)$/s.exec(given) ?? [];
  if (!NAME.test(name)) throw new NoteError('a verifier key is name+id+key');
  const raw = strict(tail);
  if (raw.length !== 33 || raw[0] !== algorithm[0]) throw new NoteError('not a key of this kind');
  const id = sha256(encode(`${name}\n`), raw).slice(0, 4);
  if (`${name}+${toHex(id)}+${toBase64(raw)}` !== given) throw new NoteError('the key id is not that of the key');
  return { name, id, raw: raw.slice(1) };
}

export async function signedBy(text: string, signature: Uint8Array, key: Key): Promise<boolean> {
  try {
    // RFC 8032 as it stands, not the laxer rule of ZIP 215
    return await verifyAsync(signature, encode(text), key.raw, { zip215: false });
  } catch {
    return false;
  }
}

export function splitNote(note: Uint8Array): { text: string; signatures: [string, Bytes][] } {
  if (note.length > LIMIT) throw new NoteError('too long');
  let whole: string;
  try {
    whole = utf8(note);
  } catch {
    throw new NoteError('not text');
  }
  for (const letter of whole) {
    if (letter < ' ' && letter !== '\n') throw new NoteError('a control character');
  }
  const blank = whole.lastIndexOf('\n\n');
  if (blank < 0 || !whole.endsWith('\n')) throw new NoteError('no signature block');
  const tail = whole.slice(blank + 2);
  if (!tail.endsWith('\n')) throw new NoteError('no signature block');
  const signatures = tail
    .slice(0, -1)
    .split('\n')
    .map((line): [string, Bytes] => {
      const match = LINE.exec(line);
      if (match === null || !NAME.test(match[1]!)) throw new NoteError('a signature line is malformed');
      const raw = strict(match[2]!);
      if (raw.length < 5) throw new NoteError('a signature is too short');
      return [match[1]!, raw];
    });
  return { text: `${whole.slice(0, blank)}\n`, signatures };
}

/** Verify a signed checkpoint and read it; signatures by other keys (witnesses) are skipped. */
export async function openNote(note: Uint8Array, key: Key): Promise<Checkpoint> {
  const { text, signatures } = splitNote(note);
  for (const [name, raw] of signatures) {
    if (name !== key.name || !same(raw.subarray(0, 4), key.id)) continue;
    if (!(await signedBy(text, raw.subarray(4), key))) throw new NoteError('the signature does not match');
    const found = checkpoint(text);
    if (found.origin !== key.name) throw new NoteError('signed under another name');
    return found;
  }
  throw new NoteError('no signature by this key');
}

function checkpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', size = '', root = ''] = lines;
  if (lines.length < 4 || lines.at(-1) !== '') throw new NoteError('a checkpoint has three lines');
  if (!NAME.test(origin) || !SIZE.test(size) || lines.slice(3, -1).includes('')) {
    throw new NoteError('a checkpoint line is malformed');
  }
  const raw = strict(root);
  if (raw.length !== 32) throw new NoteError('a root has 32 bytes');
  return { origin, size: Number(size), root: raw };
}

function strict(text: string): Bytes {
  try {
    return fromBase64(text);
  } catch {
    throw new NoteError('not base64, or in another spelling');
  }
}

/** What `manifest.sig` signs. */
export function sealText(manifest: Uint8Array): string {
  return `beffroi evidence manifest 1\n${toHex(sha256(manifest))}\n`;
}

export function keyPrint(key: Key): string {
  return toHex(sha256(join(SIGNER, key.raw))).replace(/(.{4})(?=.)/g, '$1 ');
}
