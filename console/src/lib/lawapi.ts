/** Calls about documents, persons, cameras' files, screens, posts and cards. */
import { call, documentPath, get, part, post, send } from './api';
import type {
  Announcement, AttachedFile, CameraFile, CameraFileRow, Card, DocumentFile, DocumentRow, ImportReport, KindSpec, Names, PersonFile,
  PersonRow, PostRow, Present, ReviewRow, ScreenRow,
} from './lawtypes';
import type { Text } from './types';

export interface Question {
  camera: string;
  act: string;
  purpose?: string | null;
  from?: string;
  to?: string;
  recipient?: string | null;
  second?: string | null;
}

/** The SHA-256 of a file, in hexadecimal: what ties a document to its scan. */
export async function digestOf(file: Blob): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const law = {
  why: (question: Question) => post<Card>('/api/why', question),

  documents: () => get<DocumentRow[]>('/api/documents'),
  kinds: () => get<KindSpec[]>('/api/documents/kinds'),
  names: () => get<Names>('/api/documents/names'),
  document: (id: string) => get<DocumentFile>(documentPath(id)),
  propose: (document: Record<string, unknown>) => post<{ id: string; version: number }>('/api/documents', document),
  act: (id: string, action: 'confirm' | 'suspend' | 'withdraw', reason?: string) =>
    post<unknown>(`${documentPath(id)}/${action}`, reason === undefined ? {} : { reason }),
  attach: (id: string, file: File) =>
    send<AttachedFile>(`${documentPath(id)}/files?name=${part(file.name)}`, file),
  fileAddress: (id: string, sha256: string) => `${documentPath(id)}/files/${sha256}`,
  /** The bytes as they are: spreadsheets do not all write UTF-8. */
  importFile: (file: File, check: boolean) => send<ImportReport>(`/api/documents/import?name=${part(file.name)}&check=${String(check)}`, file),
  announcements: () => get<Announcement[]>('/api/announcements'),
  readAnnouncement: (document: string, reason: string) => post<unknown>('/api/announcements/read', { document, reason }),

  persons: () => get<{ persons: PersonRow[]; statuses: { id: string; name: Text }[] }>('/api/persons'),
  person: (id: string) => get<PersonFile>(`/api/persons/${part(id)}`),
  addPerson: (person: Record<string, unknown>) => post<{ id: string }>('/api/persons', person),

  cameras: () => get<CameraFileRow[]>('/api/cameras/file'),
  camera: (id: string) => get<CameraFile>(`/api/cameras/${part(id)}/file`),

  screen: () => get<Present>('/api/screen'),
  screens: () => get<ScreenRow[]>('/api/screens'),
  came: (screen: string, person: string) => post<Present>(`/api/screens/${part(screen)}/present`, { person }),
  left: (screen: string, person: string) => call<Present>('DELETE', `/api/screens/${part(screen)}/present/${part(person)}`),
  reviews: () => get<ReviewRow[]>('/api/reviews'),
  review: (view: string, note: string) => post<unknown>(`/api/reviews/${part(view)}`, { note }),

  posts: () => get<PostRow[]>('/api/posts'),
  declarePost: (name: string) => post<PostRow>('/api/posts', { name }),
  enrolPost: (code: string) => post<{ name: string }>('/api/posts/enrol', { code }),
  revokePost: (id: string) => post<PostRow>(`/api/posts/${part(id)}/revoke`),
};
