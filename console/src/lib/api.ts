/** Calls to the centre. Every failure becomes an ApiError that carries a sentence in both languages. */
import { both } from '../i18n/both';
import type {
  AccountRow,
  ActPage,
  BalancePart,
  CameraTree,
  Duty,
  FactorReset,
  Head,
  HealthRow,
  Invitation,
  Language,
  Me,
  OpenedView,
  Reason,
  Refusal,
  Text,
} from './types';
import { CLOCK_HEADER, heardClock } from './centreclock';
import type { MachineState } from './machine';
import { readRefusal } from './wire';

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly text: Text;
  readonly refusal: Refusal | null;
  /** The whole answer, where a room reads more than the sentence. */
  readonly body: unknown;

  constructor(status: number, code: string, text: Text, refusal: Refusal | null = null, body: unknown = null) {
    super(text.en);
    this.status = status;
    this.code = code;
    this.text = text;
    this.refusal = refusal;
    this.body = body;
  }

  /** The centre did not answer, or not as a centre answers: worth trying again. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

let onLoggedOut: () => void = () => {};

/** Who is told when the centre says that nobody is logged in any more. */
export function whenLoggedOut(callback: () => void): void {
  onLoggedOut = callback;
}

function errorOf(status: number, body: unknown): ApiError {
  const error = (body as { error?: { code?: string; text?: Text; refusal?: unknown } } | null)?.error;
  const refusal = readRefusal(error?.refusal);
  const generic =
    status === 401 ? both((t) => t.errors.loggedOut)
    : status === 403 ? both((t) => t.errors.refused)
    : status === 404 ? both((t) => t.errors.notFound)
    : status === 422 ? both((t) => t.errors.badInput)
    : status === 429 ? both((t) => t.errors.wait)
    : both((t) => t.errors.centre);
  const text = error?.text && typeof error.text.fr === 'string' ? error.text : (refusal?.sentence ?? generic);
  return new ApiError(status, error?.code ?? String(status), text, refusal, body);
}

const network = (): ApiError => new ApiError(0, 'network', both((t) => t.errors.network));

async function answered(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const file = body instanceof Blob;
  let response: Response;
  const askedMs = Date.now();
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: {
        Accept: 'application/json',
        ...(method === 'GET' ? {} : { 'X-Beffroi': '1' }),
        ...(body === undefined ? {} : { 'Content-Type': file ? 'application/octet-stream' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: file ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch {
    throw network();
  }
  heardClock(response.headers.get(CLOCK_HEADER), askedMs, Date.now());
  return response;
}

/** A call with a JSON body, or with the bytes of a file. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  return whole<T>(await answered(method, path, body), path);
}

async function whole<T>(response: Response, path: string): Promise<T> {
  let answer: unknown = null;
  if (response.status !== 204) {
    try {
      answer = await response.json();
    } catch {
      if (response.ok) throw new ApiError(502, 'not-json', both((t) => t.errors.centre));
    }
  }
  if (response.ok) return answer as T;
  const error = errorOf(response.status, answer);
  if (response.status === 401 && path !== '/api/login') onLoggedOut();
  throw error;
}

function spoken(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new ApiError(502, 'not-json', both((t) => t.errors.centre));
  }
}

/** An answer in lines of JSON, because it takes minutes: empty ones show that it still comes, the last may be an error. */
async function* lines<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
  const response = await answered('GET', path, undefined, signal);
  if (!response.ok || !response.body) {
    await whole(response, path);
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw network();
    });
    const told = (rest + (value ?? '')).split('\n');
    rest = told.pop() ?? '';
    for (const line of told.filter(Boolean)) {
      const said = spoken(line);
      if (typeof said === 'object' && said !== null && 'error' in said) throw errorOf(response.status, said);
      yield said as Awaited<T>;
    }
    if (done) return;
  }
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>('POST', path, body ?? {});
export const send = <T>(path: string, file: Blob): Promise<T> => call<T>('POST', path, file);
export const part = encodeURIComponent;
/** Document ids hold a slash ("prefect_order/x") that is part of the path. */
export const documentPath = (id: string): string => `/api/documents/${id.split('/').map(part).join('/')}`;

/** Some lists may come bare or under a name: take either. Anything else is no list, and not an empty one. */
function rows<T>(answer: unknown, ...names: string[]): T[] {
  if (Array.isArray(answer)) return answer as T[];
  for (const name of names) {
    const inner = (answer as Record<string, unknown> | null)?.[name];
    if (Array.isArray(inner)) return inner as T[];
  }
  throw new ApiError(502, 'not-a-list', both((t) => t.errors.centre));
}

export interface ViewRequest {
  connection: string;
  camera: string;
  act: 'live' | 'replay';
  reason?: string;
  from?: string;
  to?: string;
  codecs: string[];
  h265: boolean;
  /** The door of a viewing on site, which asks its own way. */
  path?: string;
}

export const api = {
  login: (account: string, password: string, code: string) => post<Me>('/api/login', { account, password, code }),
  logout: () => post<unknown>('/api/logout'),
  speak: (language: Language) => post<unknown>('/api/me/language', { language }),
  me: () => get<Me>('/api/me'),
  reasons: async () => rows<Reason>(await get('/api/reasons'), 'reasons'),
  startDuty: (reason: string) => post<Duty>('/api/duty', { reason }),
  endDuty: () => call<unknown>('DELETE', '/api/duty'),
  cameras: () => get<CameraTree>('/api/cameras'),
  machine: () => get<MachineState>('/api/health/system'),
  health: async () => rows<HealthRow>(await get('/api/health/cameras'), 'cameras'),
  myActs: (before: number | null) => get<ActPage>(`/api/acts/mine${before === null ? '' : `?before=${before}`}`),
  openView: ({ path, ...request }: ViewRequest) => {
    if (path === undefined) return post<OpenedView>('/api/views', request);
    const { connection, camera, from, to, codecs, h265 } = request;
    return post<OpenedView>(path, { connection, camera, from, to, codecs, h265 });
  },
  proposeCamera: (camera: Record<string, unknown>) => post<{ id?: string }>('/api/cameras', camera),
  confirmCamera: (id: string) => post<unknown>(`/api/cameras/${part(id)}/confirm`),
  accounts: () => get<{ accounts: AccountRow[]; resets: FactorReset[] }>('/api/accounts'),
  invite: (invitation: { account: string; person: string; role: string; label?: string }) =>
    post<Invitation>('/api/accounts', invitation),
  inviteAgain: (id: string) => post<Invitation>(`/api/accounts/${part(id)}/invite`),
  actOnAccount: (id: string, action: 'lock' | 'unlock' | 'reset-factor') =>
    post<unknown>(`/api/accounts/${part(id)}/${action}`),
  approveReset: (id: string) => post<Invitation>(`/api/resets/${part(id)}/approve`),
  acceptInvitation: (token: string, password: string) =>
    post<{ otpauth: string; secret: string }>('/api/invitations/accept', { token, password }),
  enrol: (token: string, code: string) => post<unknown>('/api/invitations/enrol', { token, code }),
  register: async (camera: string, day: string) =>
    get<ActPage>(`/api/register?day=${part(day)}${camera ? `&camera=${part(camera)}` : ''}`),
  balance: (camera: string, from: string, to: string, signal: AbortSignal) =>
    lines<BalancePart>(`/api/account?from=${part(from)}&to=${part(to)}${camera ? `&camera=${part(camera)}` : ''}`, signal),
  checkpoint: () => get<Head>('/api/register/checkpoint'),
};
