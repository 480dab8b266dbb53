// The statement that a package makes (src/beffroi/evidence/manifest.py).

import { FormatError } from './bytes';
import { Fields } from './fields';
import { ZONES } from './lists';

export const MANIFEST = 'manifest.json';
export const SIGNATURE = 'manifest.sig';
export const TIMESTAMP = 'manifest.tsr';
export const MAX_MANIFEST = 4 * 2 ** 20;

export interface Manifest {
  madeUs: number;
  case: { id: string; kind: string; article: string; number: string; service: string; frame: string; date: string };
  requestedBy: string;
  madeBy: string;
  agreedBy: string;
  authority: string;
  decision: { entry: number; grounds: string };
  cameras: CameraFacts[];
  asked: Asked[];
  files: MediaFile[];
  gaps: GapNote[];
  others: { path: string; sha256: string }[];
  zone: string;
  note: string;
}

export interface CameraFacts {
  id: string;
  name: string;
  place: string;
  commune: string;
  authority: string;
  clockOffsetMs: number | null;
}

export interface Asked {
  camera: string;
  from: number;
  to: number;
}

export interface GapNote extends Asked {
  cause: string;
}

export interface MediaFile extends Asked {
  path: string;
  sha256: string;
  bytes: number;
  stream: string;
  codec: string;
  width: number;
  height: number;
  frames: number;
  proof: string;
}

export function parseManifest(data: Uint8Array): Manifest {
  const top = Fields.read(data, 'manifest', MAX_MANIFEST);
  if (top.whole('format') !== 1) throw new FormatError('manifest.format');
  const made = top.whole('made_us');
  top.text('software');
  const found = {
    madeUs: made,
    case: closed(top.object('case'), readCase),
    requestedBy: top.text('requested_by'),
    madeBy: top.text('made_by'),
    agreedBy: top.text('agreed_by'),
    authority: top.text('authority'),
    decision: closed(top.object('decision'), readGrounds),
    cameras: top.objects('cameras').map((item) => closed(item, readCamera)),
    asked: top.objects('asked').map((item) => closed(item, readAsked)),
    files: top.objects('files').map((item) => closed(item, readMedia)),
    gaps: top.objects('gaps').map((item) => closed(item, readGap)),
    others: top.objects('others').map((item) =>
      closed(item, (one) => ({ path: one.text('path'), sha256: one.text('sha256') })),
    ),
    zone: top.text('zone'),
    note: top.text('note'),
  };
  top.done();
  if (!ZONES.has(found.zone)) throw new FormatError('manifest.zone');
  const named = [...found.files, ...found.others].map((one) => one.path);
  if (new Set(named).size !== named.length) throw new FormatError('manifest.files');
  return found;
}

function closed<T>(item: Fields, read: (item: Fields) => T): T {
  const found = read(item);
  item.done();
  return found;
}

function readCase(item: Fields): Manifest['case'] {
  const [id, kind, article] = [item.text('id'), item.text('kind'), item.text('article')];
  const [number, service] = [item.text('number'), item.text('service')];
  return { id, kind, article, number, service, frame: item.text('frame'), date: item.text('date') };
}

function readGrounds(item: Fields): Manifest['decision'] {
  const [rules, documents] = [item.texts('rules'), item.texts('documents')];
  return { grounds: JSON.stringify([rules, documents, item.text('rule_set')]), entry: item.whole('entry') };
}

function readCamera(item: Fields): CameraFacts {
  const [id, name, place] = [item.text('id'), item.text('name'), item.text('place')];
  const [commune, authority] = [item.text('commune'), item.text('authority')];
  return { id, name, place, commune, authority, clockOffsetMs: item.signed('clock_offset_ms') };
}

function readRange(item: Fields): Asked {
  return { camera: item.text('camera'), from: item.whole('from_us'), to: item.whole('to_us') };
}

function readAsked(item: Fields): Asked {
  const found = readRange(item);
  if (found.to <= found.from) throw new FormatError('manifest.asked');
  return found;
}

function readGap(item: Fields): GapNote {
  const found = { ...readRange(item), cause: item.text('cause') };
  if (found.to <= found.from) throw new FormatError('manifest.gaps');
  return found;
}

function readMedia(item: Fields): MediaFile {
  return {
    ...readRange(item),
    path: item.text('path'),
    sha256: item.text('sha256'),
    bytes: item.whole('bytes'),
    stream: item.text('stream'),
    codec: item.text('codec'),
    width: item.whole('width'),
    height: item.whole('height'),
    frames: item.whole('frames'),
    proof: item.text('proof'),
  };
}
