// What was handed over, as the browser gives it: a chosen folder, a dropped one, or a zip file.

import { type Package, type Stretch, blobStretch, gather } from '../verify/package';
import { openZip } from '../verify/zip';

export class SourceError extends Error {}

/** Of a folder chooser, or of a file chooser with one zip. */
export async function fromFiles(files: readonly File[]): Promise<Package> {
  const [only] = files;
  if (files.length === 1 && only !== undefined && /\.zip$/i.test(only.name)) return openZip(blobStretch(only));
  return rooted(files.map((file) => [file.webkitRelativePath || file.name, blobStretch(file)]));
}

export async function fromDrop(items: DataTransferItemList): Promise<Package> {
  const files = [...items].filter((item) => item.kind === 'file');
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

/** Names without that of the folder that was chosen, which may be the one above. */
function rooted(found: [string, Stretch][]): Package {
  const manifest = found.map(([name]) => name).filter((name) => name.endsWith('/manifest.json')).toSorted((a, b) => a.length - b.length)[0];
  const root = manifest === undefined ? '' : manifest.slice(0, -'manifest.json'.length);
  const inside = found.filter(([name]) => name.startsWith(root));
  return gather(inside.map(([name, file]) => [root === '' ? name.replace(/^[^/]*\//, '') : name.slice(root.length), file]));
}
