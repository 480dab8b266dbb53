// The proof of one clear file (docs/design/evidence.md): recorded files, their lines, paths, what storage had around.

import { type Entry, type Header, ENTRY_BYTES, readHead, unpackEntry } from './chunk';
import { type Bytes, FormatError } from './bytes';
import { Fields } from './fields';

export const MAX_PROOF = 256 * 2 ** 20;

export interface ChunkProof {
  head: Bytes;
  key: Bytes;
  root: Bytes;
  leaves: number;
  headPath: Bytes[];
}

export interface FragmentProof {
  chunk: number;
  entry: Entry;
  leaf: number;
  path: Bytes[];
  moof: Bytes;
  tail: Bytes;
}

export interface FileProof {
  from: number;
  to: number;
  chunks: ChunkProof[];
  fragments: FragmentProof[];
}

export function parseProof(data: Uint8Array): FileProof {
  const top = Fields.read(data, 'proof', MAX_PROOF);
  if (top.whole('format') !== 1) throw new FormatError('proof.format');
  const [from, to, more] = top.items('asked');
  if (typeof from !== 'number' || typeof to !== 'number' || more !== undefined || from < 0 || to <= from) {
    throw new FormatError('proof.asked');
  }
  const chunks = top.objects('chunks').map(readChunk);
  const fragments = top.objects('fragments').map((item) => readFragmentProof(item, chunks.length));
  top.done();
  if (fragments.length === 0) throw new FormatError('proof.fragments');
  return { from, to, chunks, fragments };
}

export function headersOf(proof: FileProof): Header[] {
  return proof.chunks.map((chunk) => readHead(chunk.head).header);
}

function readChunk(item: Fields): ChunkProof {
  const found = {
    head: item.base64('head'),
    key: item.hex('key', 16),
    root: item.hex('root', 32),
    leaves: item.whole('leaves'),
    headPath: item.hexes('head_path', 32),
  };
  item.done();
  return found;
}

function readFragmentProof(item: Fields, chunks: number): FragmentProof {
  const found = {
    chunk: item.whole('chunk'),
    entry: unpackEntry(item.hex('entry', ENTRY_BYTES)),
    leaf: item.whole('leaf'),
    path: item.hexes('path', 32),
    moof: item.base64('moof'),
    tail: item.base64('tail'),
  };
  item.done();
  if (found.chunk >= chunks) throw new FormatError('proof.fragments.chunk');
  return found;
}
