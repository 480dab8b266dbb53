// What was handed over, as the browser gives it: a chosen folder, a dropped one, or a zip file.

import { MANIFEST } from '../verify/manifest';
import { type Package, type Stretch, blobStretch, gather } from '../verify/package';
import { openZip } from '../verify/zip';

/** `nested`: other files lie around the delivery; `several`: more than one thing was given. */
export class SourceError extends Error {
  constructor(readonly kind: 'drop' | 'nested' | 'several') {
    super(kind);
  }
}

/** Of a folder chooser, or of a file chooser with one zip. */
export async function fromFiles(files: readonly File[]): Promise<Package> {
  const [only] = files;
  if (files.length === 1 && only !== undefined && /\.zip$/i.test(only.name)) return openZip(blobStretch(only));
  return rooted(files.map((file) => [file.webkitRelativePath || file.name, blobStretch(file)]));
}

export async function fromDrop(items: DataTransferItemList): Promise<Package> {
  const files = [...items].filter((item) => item.kind === 'file');
  if (files.length > 1) throw new SourceError('several');
  const handles = await Promise.all(
    files.map((item) => ('getAsFileSystemHandle' in item ? (item as WithHandle).getAsFileSystemHandle() : null)),
  );
  const [handle] = handles;
  if (handle?.kind === 'directory') {
    const found: [string, Stretch][] = [];
    await collect(handle as FileSystemDirectoryHandle, 'x', found);
    return rooted(found);
  }
  const file = files[0]?.getAsFile();
  if (handle?.kind === 'file') return fromFiles([await (handle as FileSystemFileHandle).getFile()]);
  if (file && /\.zip$/i.test(file.name)) return fromFiles([file]);
  throw new SourceError('drop');
}

interface WithHandle {
  getAsFileSystemHandle(): Promise<FileSystemHandle | null>;
}

interface Listed {
  values(): AsyncIterable<FileSystemHandle>;
}

async function collect(folder: FileSystemDirectoryHandle, path: string, found: [string, Stretch][]): Promise<void> {
  for await (const item of (folder as unknown as Listed).values()) {
    const name = `${path}/${item.name}`;
    if (item.kind === 'directory') await collect(item as FileSystemDirectoryHandle, name, found);
    else found.push([name, blobStretch(await (item as FileSystemFileHandle).getFile())]);
  }
}

/**
 * Names as the delivery has them: below the one folder that holds everything that was given. A delivery with files around
 * it is not opened: they would be shown to a person as if they had been verified.
 */
export function rooted(found: readonly [string, Stretch][]): Package {
  const folders = found.map(([name]) => name.split('/').slice(0, -1));
  const first = folders[0] ?? [];
  let depth = 0;
  while (depth < first.length && folders.every((one) => one[depth] === first[depth])) depth++;
  const below = (skipped: number): [string, Stretch][] => found.map(([name, file]) => [name.split('/').slice(skipped).join('/'), file]);
  const inside = below(depth);
  if (inside.some(([name]) => name === MANIFEST)) return gather(inside);
  if (inside.some(([name]) => name.endsWith(`/${MANIFEST}`))) throw new SourceError('nested');
  return gather(below(Math.min(depth, 1)));
}
