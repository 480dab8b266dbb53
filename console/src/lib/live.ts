/** A live view in one video element: opens, plays at the edge, says its state, blanks at once when it is cut. */
import { both } from '../i18n/both';
import type { ApiError } from './api';
import { centreNowUs } from './centreclock';
import { Interrupted, JUMP_GAP_S, liveStep, OPENING_JUMP_GAP_S, RunStitcher, spansOf, trimEnd } from './controller';
import { AppendQueue, mimeOf, playable, UnsupportedCodec } from './mse';
import { keepDelay, type TileProbe } from './probe';
import { SILENT_MS, STARVED_MS, ViewSocket } from './socket';
import type { OpenedView, Refusal, Text } from './types';
import { baseDecodeTime, TIMESCALE, type BinaryMessage, type TextMessage } from './wire';

export type LiveState = 'connecting' | 'live' | 'late' | 'gap' | 'refused' | 'cut' | 'unreachable';

export interface LiveStatus {
  state: LiveState;
  /** The sentence of this state, when the centre gave one. */
  text: Text | null;
  refusal: Refusal | null;
  view: OpenedView | null;
  delayMs: number | null;
  /** Seconds since the last new picture, when the picture is frozen. */
  frozenS: number;
  /** The centre says nothing: whether the picture may still be seen is not known, and it is hidden. */
  silent: boolean;
  /** When the next attempt comes (ms, performance clock), if one comes. */
  retryAt: number | null;
}

const LATE_MS = 3_000;
const FROZEN_MS = 2_000;
/** How long after its first picture a view counts as just opened. */
const OPENING_MS = 2_000;
const BACKOFF_S = [1, 2, 4, 8, 15];
/** The service failed, not the right: worth asking again by ourselves. */
const REOPEN_CODES = new Set(['unreachable', 'register']);
const KEYS_KEPT = 200;

export class LiveView {
  readonly camera: string;
  readonly measures: TileProbe;
  readonly #video: HTMLVideoElement;
  readonly #changed: (status: LiveStatus) => void;
  #status: LiveStatus;
  #socket: ViewSocket | null = null;
  #queue: AppendQueue | null = null;
  #stitch = new RunStitcher();
  readonly #interrupted = new Interrupted();
  #walls: { mediaS: number; wallUs: number }[] = [];
  #keys: number[] = [];
  #firstFrameAt: number | null = null;
  #lastFrameAt = 0;
  #lastData = 0;
  #visible = true;
  #wantKey = true;
  #attempt = 0;
  #timer = 0;
  #ticker = 0;
  #stopped = false;

  constructor(camera: string, video: HTMLVideoElement, changed: (status: LiveStatus) => void) {
    this.camera = camera;
    this.#video = video;
    this.#changed = changed;
    this.#status = {
      state: 'connecting', text: null, refusal: null, view: null, delayMs: null, frozenS: 0, silent: false, retryAt: null,
    };
    this.measures = { frames: 0, delayMs: [], state: 'connecting', camera };
    video.muted = true;
    video.playsInline = true;
    video.disablePictureInPicture = true;
  }

  start(): void {
    this.#ticker = window.setInterval(() => this.#tick(), 500);
    this.#video.requestVideoFrameCallback(this.#frame);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    window.clearInterval(this.#ticker);
    window.clearTimeout(this.#timer);
    this.#release();
  }

  /** Ask again now: after a refusal or a cut (a person decided to), or instead of waiting. */
  again(): void {
    window.clearTimeout(this.#timer);
    this.#attempt = 0;
    this.#release();
    this.#connect();
  }

  /** A hidden tile decodes nothing; the last seconds stay buffered so that it comes back at once. */
  setVisible(visible: boolean): void {
    if (visible === this.#visible) return;
    this.#visible = visible;
    if (!visible) {
      this.#video.pause();
      return;
    }
    this.#lastFrameAt = performance.now();
    this.#follow();
    this.#play();
  }

  #set(part: Partial<LiveStatus>): void {
    if (this.#stopped) return;
    this.#status = { ...this.#status, ...part };
    this.measures.state = this.#status.state;
    this.#changed(this.#status);
  }

  #connect(): void {
    if (this.#stopped) return;
    this.#set({ state: 'connecting', text: null, refusal: null, view: null, delayMs: null, frozenS: 0, silent: false, retryAt: null });
    this.#stitch = new RunStitcher();
    this.#interrupted.over();
    this.#walls = [];
    this.#keys = [];
    this.#wantKey = true;
    this.#firstFrameAt = null;
    this.#lastData = performance.now();
    const socket = new ViewSocket(
      { camera: this.camera, act: 'live', ...playable() },
      {
        opened: (view) => this.#current(socket) && this.#opened(view),
        text: (message) => this.#current(socket) && this.#text(message),
        binary: (message) => this.#current(socket) && this.#binary(message),
        rejected: (error) => this.#current(socket) && this.#rejected(error),
        closed: (unreadable) => this.#current(socket) && this.#lost(unreadable ? both((t) => t.errors.protocol) : null),
      },
    );
    this.#socket = socket;
  }

  #current(socket: ViewSocket): boolean {
    return !this.#stopped && this.#socket === socket;
  }

  /** No picture may outlive its view: the element is emptied in the same turn. */
  #release(): void {
    this.#socket?.close();
    this.#socket = null;
    this.#queue?.close();
    this.#queue = null;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #opened(view: OpenedView): void {
    this.#set({ view });
    const queue = new AppendQueue(null, {
      idle: () => this.#follow(),
      makeRoom: () => {
        const end = this.#video.currentTime - 0.5;
        return end > 0 ? { start: 0, end } : null;
      },
      failed: (error) => {
        if (this.#queue === queue) this.#failed(error);
      },
    });
    this.#queue = queue;
    this.#video.src = queue.url;
    this.#play();
  }

  #play(): void {
    if (this.#visible) this.#video.play().catch(() => undefined);
  }

  #text(message: TextMessage): void {
    switch (message.type) {
      case 'init':
        this.#stitch.newInit();
        this.#wantKey = true;
        this.#queue?.push({ kind: 'codec', mime: mimeOf(message.codec) });
        return;
      case 'cut':
        this.#release();
        if (REOPEN_CODES.has(message.code)) this.#retryLater(message.text);
        else this.#set({ state: message.refusal ? 'refused' : 'cut', text: message.text, refusal: message.refusal, delayMs: null });
        return;
      case 'state':
        this.#lastData = performance.now(); // the centre speaks: the view stands, and waits for the camera
        if (message.state === 'gap') {
          this.#interrupted.begins();
          this.#set({ state: 'gap', text: message.cause, delayMs: null });
        }
        if (message.state === 'late') this.#set({ state: this.#firstFrameAt === null ? 'connecting' : 'late', text: message.cause });
        return;
      default:
    }
  }

  #binary(message: BinaryMessage): void {
    const queue = this.#queue;
    if (!queue) return;
    if (message.kind === 'init') {
      queue.push({ kind: 'append', bytes: message.bytes });
      return;
    }
    this.#lastData = performance.now();
    if (this.#wantKey && !message.key) return;
    this.#wantKey = false;
    const base = baseDecodeTime(message.bytes);
    if (base === null) return;
    const { mediaS, newOffsetS } = this.#stitch.place(base / TIMESCALE);
    if (newOffsetS !== null) queue.push({ kind: 'offset', seconds: newOffsetS });
    this.#interrupted.came(mediaS);
    this.#walls.push({ mediaS, wallUs: message.wallUs });
    if (this.#walls.length > 600) this.#walls.splice(0, 300);
    if (message.key) {
      this.#keys.push(mediaS);
      if (this.#keys.length > KEYS_KEPT) this.#keys.shift();
      this.#trim();
    }
    queue.push({ kind: 'append', bytes: message.bytes });
  }

  #trim(): void {
    const buffered = this.#queue?.buffered;
    if (!buffered || buffered.length === 0) return;
    const spans = spansOf(buffered);
    const at = this.#visible ? this.#video.currentTime : (spans.at(-1)?.end ?? 0);
    const end = trimEnd(at, spans, this.#keys);
    if (end !== null) this.#queue?.push({ kind: 'remove', start: 0, end });
  }

  #follow(): void {
    const buffered = this.#queue?.buffered;
    if (!buffered || !this.#visible) return;
    const opening = this.#firstFrameAt !== null && performance.now() - this.#firstFrameAt < OPENING_MS;
    const step = liveStep(this.#video.currentTime, spansOf(buffered), opening ? OPENING_JUMP_GAP_S : JUMP_GAP_S);
    if (step.seekTo !== null) {
      if (!this.#video.seeking) this.#video.currentTime = step.seekTo;
    }
    if (this.#video.playbackRate !== step.rate) this.#video.playbackRate = step.rate;
    if (this.#video.paused) this.#play();
  }

  #frame = (now: number, frame: VideoFrameCallbackMetadata): void => {
    if (this.#stopped) return;
    this.#video.requestVideoFrameCallback(this.#frame);
    if (!this.#queue) return;
    this.measures.frames += 1;
    this.#firstFrameAt ??= performance.now();
    this.#lastFrameAt = now;
    this.#attempt = 0;
    // The last pictures before the camera stopped are still played: the cause of the interruption stays.
    if (!this.#interrupted.ends(frame.mediaTime)) return;
    const wallUs = this.#wallOf(frame.mediaTime);
    let delayMs = this.#status.delayMs;
    if (wallUs !== null) {
      // By the centre's clock, as its pictures are dated: a late network is never taken for a wrong workstation.
      const shownUs = centreNowUs() + (frame.expectedDisplayTime - performance.now()) * 1000;
      delayMs = (shownUs - wallUs) / 1000;
      keepDelay(this.measures.delayMs, delayMs);
    }
    const state = delayMs !== null && delayMs > LATE_MS ? 'late' : 'live';
    const moved = Math.round((delayMs ?? 0) / 100) !== Math.round((this.#status.delayMs ?? 0) / 100);
    if (state !== this.#status.state || (moved && this.measures.frames % 12 === 0)) {
      this.#set({ state, text: null, delayMs, frozenS: 0, retryAt: null });
    }
  };

  #wallOf(mediaS: number): number | null {
    for (let index = this.#walls.length - 1; index >= 0; index -= 1) {
      const entry = this.#walls[index];
      if (entry && entry.mediaS <= mediaS + 0.002) return entry.wallUs;
    }
    return null;
  }

  #tick(): void {
    const now = performance.now();
    const starved = this.#status.state !== 'gap' && now - this.#lastData > STARVED_MS;
    if (this.#socket && (starved || this.#socket.silentMs > STARVED_MS)) {
      // The socket is open but nothing comes: a dead link looks like this long before the system says so.
      this.#lost(null);
      return;
    }
    const silent = this.#socket !== null && this.#socket.silentMs > SILENT_MS;
    if (silent !== this.#status.silent) this.#set({ silent });
    if (!this.#visible || !this.#queue) return;
    this.#follow();
    const frozenMs = now - this.#lastFrameAt;
    if ((this.#status.state === 'live' || this.#status.state === 'late') && frozenMs > FROZEN_MS) {
      this.#set({ state: 'late', frozenS: Math.floor(frozenMs / 1000) });
    }
  }

  #rejected(error: ApiError): void {
    this.#release();
    if (error.unreachable) this.#retryLater(error.text);
    else this.#set({ state: 'refused', text: error.text, refusal: error.refusal, delayMs: null });
  }

  #lost(text: Text | null): void {
    this.#release();
    this.#retryLater(text);
  }

  #failed(error: unknown): void {
    this.#release();
    if (error instanceof UnsupportedCodec) {
      this.#set({ state: 'cut', text: both((t) => t.errors.unsupported), delayMs: null });
      return;
    }
    this.#retryLater(both((t) => t.errors.player));
  }

  #retryLater(text: Text | null): void {
    const seconds = BACKOFF_S[Math.min(this.#attempt, BACKOFF_S.length - 1)] ?? 15;
    this.#attempt += 1;
    // Sixteen tiles that lost the same centre must not all come back in the same instant.
    const waitMs = seconds * 1000 * (0.8 + Math.random() * 0.4);
    this.#set({ state: 'unreachable', text, refusal: null, delayMs: null, retryAt: performance.now() + waitMs });
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#connect(), waitMs);
  }
}
