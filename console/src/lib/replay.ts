/** A replay in one video element: opens, decrypts, follows the playhead, shows gaps as gaps. */
import { both } from '../i18n/both';
import type { ApiError } from './api';
import { Footage } from './footage';
import { playable, UnsupportedCodec } from './mse';
import { Backwards, isBuffered, nextStep, STOOD_EDGE_S } from './planner';
import { probe, type ReplayProbe } from './probe';
import { SILENT_MS, STARVED_MS, ViewSocket } from './socket';
import { toIso } from './time';
import { lacking, OPENING, type ReplayRequest, type ReplayStatus, type ReplayTimeline } from './replaystate';
import type { Text } from './types';
import type { BinaryMessage, GapMessage, TextMessage } from './wire';

const TICK_MS = 100;
const POSITION_MS = 200;
const GAP_SHOWN_MS = 1_800;
/** A reverse shuttle that leaves the buffer asks for this much before where it stands. */
const REVERSE_FILL_US = 9e6;
/** How far behind pictures that cannot be played it may go on: further than a group of pictures is long. */
const BEYOND_US = 10e6;
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000];

export class ReplayView {
  readonly #video: HTMLVideoElement;
  readonly #request: ReplayRequest;
  readonly #changed: (status: ReplayStatus) => void;
  readonly #moved: (atUs: number) => void;
  readonly #measures: ReplayProbe;
  readonly #startedAt = performance.now();
  #status: ReplayStatus = OPENING;
  #socket: ViewSocket | null = null;
  readonly #footage: Footage;
  #seek = 0;
  #seekAt = 0;
  #accepting = false;
  #endUs: number | null = null;
  #atUs: number;
  #timer = 0;
  #gapTimer = 0;
  #retryTimer = 0;
  #attempt = 0;
  /** A fault of the player was tried again. */
  #faulted = false;
  #lastPosition = 0;
  #frameS = 0.04;
  #lastMediaS = -1;
  readonly #backwards = new Backwards();
  #stopped = false;

  constructor(
    request: ReplayRequest,
    video: HTMLVideoElement,
    changed: (status: ReplayStatus) => void,
    moved: (atUs: number) => void,
  ) {
    this.#request = request;
    this.#video = video;
    this.#changed = changed;
    this.#moved = moved;
    this.#atUs = request.atUs;
    this.#measures = {
      frames: 0, state: 'opening', atUs: null, startedMs: null, seekMs: null, camera: request.camera, fromUs: null, toUs: null, error: null,
    };
    probe().replay = this.#measures;
    this.#footage = new Footage(video, (error) => this.#failed(error));
  }

  start(): void {
    this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
    this.#video.requestVideoFrameCallback(this.#frame);
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    window.clearInterval(this.#timer);
    window.clearTimeout(this.#retryTimer);
    this.#release();
    if (probe().replay === this.#measures) probe().replay = null;
  }

  // What a person may do.

  /** On, or backwards with a negative rate; from the end on it begins again. */
  play(rate = this.#status.rate > 0 ? this.#status.rate : 1): void {
    this.setRate(rate);
    this.#set({ going: true });
    if (rate > 0 && this.#status.state === 'ended' && this.#status.timeline) this.seek(this.#status.timeline.from);
    if (this.#status.state === 'paused' || this.#status.state === 'ended') this.#set({ state: 'loading' });
    this.#tick();
  }

  pause(): void {
    this.#set({ going: false });
    this.#video.pause();
    if (this.#status.rate < 0) this.#set({ rate: 1 });
    if (this.#status.state === 'playing' || this.#status.state === 'loading') this.#set({ state: 'paused' });
  }

  /** Negative plays backwards, by steps over the key frames and what they carry. */
  setRate(rate: number): void {
    this.#set({ rate });
    this.#backwards.goOn(performance.now());
    if (rate < 0) this.#video.pause();
    else this.#video.playbackRate = rate;
  }

  get rate(): number {
    return this.#status.going ? this.#status.rate : 0;
  }

  get atUs(): number {
    return this.#atUs;
  }

  /** One picture on (1) or back (-1), paused. */
  stepFrame(direction: 1 | -1): void {
    this.pause();
    const timeline = this.#status.timeline;
    if (timeline) this.seek(this.#atUs + direction * this.#frameS * 1e6);
  }

  seek(toUs: number, fillUs = 0): void {
    const timeline = this.#status.timeline;
    if (!timeline) return;
    const target = Math.min(Math.max(toUs, timeline.from), timeline.to - 1000);
    if (!this.#footage.open || !this.#socket) {
      // The view is being opened again: it goes on from where it was asked to go meanwhile.
      if (this.#status.state === 'opening' || this.#status.state === 'unreachable') this.#goTo(target);
      return;
    }
    this.#goTo(target);
    window.clearTimeout(this.#gapTimer);
    const mediaS = (target - timeline.from) / 1e6;
    if (this.#status.state !== 'opening') this.#set({ state: this.#status.going ? 'loading' : 'paused', gap: null });
    if (!isBuffered(mediaS, this.#footage.spans)) this.#ask(Math.max(timeline.from, target - fillUs));
    this.#footage.place(mediaS);
    this.#position(true);
  }

  #ask(atUs: number): void {
    this.#seek += 1;
    this.#seekAt = performance.now();
    this.#accepting = false;
    this.#endUs = null;
    this.#footage.restart();
    this.#socket?.send({ type: 'seek', seek: this.#seek, at_us: Math.round(atUs), speed: Math.abs(this.#status.rate) });
  }

  // What the centre says.

  #set(part: Partial<ReplayStatus>): void {
    if (this.#stopped) return;
    this.#status = { ...this.#status, ...part };
    this.#measures.state = this.#status.state;
    this.#changed(this.#status);
  }

  #connect(): void {
    if (this.#stopped) return;
    this.#set({ state: 'opening', text: null, refusal: null, gap: null, silent: false });
    this.#endUs = null;
    const { fromUs, toUs, camera, reason, path } = this.#request;
    const socket = new ViewSocket(
      { camera, act: 'replay', reason, from: toIso(fromUs), to: toIso(toUs), ...(path === undefined ? {} : { path }), ...playable() },
      {
        opened: (view) => this.#current(socket) && this.#set({ view }),
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

  /** Pictures and keys go with the view, in the same turn, and the card of a gap. */
  #release(): void {
    window.clearTimeout(this.#gapTimer);
    this.#socket?.close();
    this.#socket = null;
    this.#footage.release();
  }

  #text(message: TextMessage): void {
    switch (message.type) {
      case 'timeline':
        this.#begin(message);
        return;
      case 'init':
        this.#accepting = message.seek === this.#seek;
        if (!this.#accepting) return;
        this.#footage.init(message.codec, message.kid, message.key, message.offsetS);
        return;
      case 'gap': {
        const { timeline } = this.#status;
        if (timeline) this.#set({ timeline: lacking(timeline, message) });
        return;
      }
      case 'end':
        if (message.seek === null || message.seek === this.#seek) this.#endUs = message.atUs;
        return;
      case 'cut':
        this.#release();
        if (message.code === 'unreachable' || message.code === 'register') this.#retryLater(message.text);
        else this.#set({ state: message.refusal ? 'refused' : 'cut', text: message.text, refusal: message.refusal });
        return;
      default:
    }
  }

  #begin(timeline: ReplayTimeline): void {
    const { from, to, recorded, gaps, destroyed } = timeline;
    this.#set({ timeline: { from, to, recorded, gaps, destroyed }, state: 'loading' });
    this.#measures.fromUs = from;
    this.#measures.toUs = to;
    this.#backwards.goOn(performance.now());
    this.#footage.begin((to - from) / 1e6);
    this.#goTo(Math.min(Math.max(this.#atUs, from), to - 1000));
    this.#ask(this.#atUs);
    this.#footage.place((this.#atUs - from) / 1e6);
  }

  #binary(message: BinaryMessage): void {
    if (this.#accepting) this.#footage.append(message.bytes);
  }

  // The playhead.

  #goTo(us: number): void {
    this.#atUs = us;
    this.#measures.atUs = us;
    this.#moved(us);
  }

  #position(now = false): void {
    const at = performance.now();
    if (!now && at - this.#lastPosition < POSITION_MS) return;
    this.#lastPosition = at;
    // In a gap the centre may already prepare what follows it.
    this.#socket?.send({ type: 'position', at_us: Math.round(this.#status.gap?.to ?? this.#atUs) });
  }

  #tick(): void {
    const timeline = this.#status.timeline;
    if (!timeline || !this.#footage.open || !this.#socket) return;
    if (this.#silent(this.#socket.silentMs)) return;
    if (this.#status.state === 'gap') {
      this.#position();
      return;
    }
    if (this.#status.going && this.#status.rate < 0) {
      this.#reverse(timeline);
      return;
    }
    const video = this.#video;
    this.#footage.settle();
    const at = this.#footage.atS;
    if (!video.seeking) this.#goTo(timeline.from + at * 1e6);
    this.#position();
    const gaps = timeline.gaps.map((gap) => ({ start: (gap.from - timeline.from) / 1e6, end: (gap.to - timeline.from) / 1e6 }));
    const endS = this.#endUs === null ? null : (Math.min(this.#endUs, timeline.to) - timeline.from) / 1e6;
    const step = nextStep(at, this.#footage.spans, gaps, endS, this.#footage.stands ? STOOD_EDGE_S : undefined);
    switch (step.kind) {
      case 'play':
        if (this.#status.going) {
          if (video.paused) void video.play().catch(() => undefined);
          if (video.playbackRate !== this.#status.rate) video.playbackRate = this.#status.rate;
          if (video.readyState >= 3 && this.#status.state !== 'playing') this.#set({ state: 'playing' });
        } else if (this.#status.state === 'loading') this.#set({ state: 'paused' });
        return;
      case 'jump':
        this.#footage.place(step.to);
        return;
      case 'gap': {
        const gap = timeline.gaps.find((candidate) => Math.abs((candidate.to - timeline.from) / 1e6 - step.gap.end) < 0.001);
        if (gap) this.#showGap(gap, timeline);
        return;
      }
      case 'end':
        video.pause();
        if (this.#status.state !== 'ended') this.#set({ state: 'ended', going: false });
        return;
      case 'wait':
        if (this.#status.state === 'playing') this.#set({ state: 'loading' });
    }
  }

  /** Nothing is played that the centre no longer answers for. */
  #silent(ms: number): boolean {
    if (ms > STARVED_MS) {
      this.#lost(null);
      return true;
    }
    const silent = ms > SILENT_MS;
    if (silent !== this.#status.silent) {
      this.#backwards.goOn(performance.now());
      this.#set({ silent });
    }
    if (silent) this.#video.pause();
    return silent;
  }

  #showGap(gap: GapMessage, timeline: ReplayTimeline): void {
    this.#video.pause();
    this.#set({ state: 'gap', gap });
    this.#goTo(Math.max(this.#atUs, gap.from));
    this.#position(true);
    window.clearTimeout(this.#gapTimer);
    this.#gapTimer = window.setTimeout(() => {
      if (gap.to >= timeline.to - 1e5) {
        this.#goTo(timeline.to - 1000);
        this.#set({ state: 'ended', gap: null, going: false });
        return;
      }
      const target = gap.to + 1000;
      this.#set({ state: 'loading', gap: null });
      this.#goTo(target);
      this.#footage.place((target - timeline.from) / 1e6);
      this.#position(true);
    }, GAP_SHOWN_MS);
  }

  #reverse(timeline: ReplayTimeline): void {
    const spans = this.#footage.spans;
    const step = this.#backwards.step(performance.now(), { atUs: this.#atUs, rate: this.#status.rate, seeking: this.#video.seeking, timeline, spans });
    if (step.kind === 'start') {
      this.seek(timeline.from);
      this.pause();
    } else if (step.kind === 'ask') {
      this.seek(step.us, REVERSE_FILL_US);
    } else if (step.kind === 'show') {
      this.#goTo(step.us);
      this.#video.currentTime = (step.us - timeline.from) / 1e6;
      if (this.#status.state !== 'playing') this.#set({ state: 'playing' });
      this.#position();
    }
  }

  #frame = (_now: number, frame: VideoFrameCallbackMetadata): void => {
    if (this.#stopped) return;
    this.#video.requestVideoFrameCallback(this.#frame);
    if (!this.#footage.open) return;
    const measures = this.#measures;
    measures.frames += 1;
    this.#attempt = 0;
    measures.startedMs ??= Math.round(performance.now() - this.#startedAt);
    if (this.#seekAt > 0) {
      measures.seekMs = Math.round(performance.now() - this.#seekAt);
      this.#seekAt = 0;
    }
    const step = frame.mediaTime - this.#lastMediaS;
    if (step > 0.01 && step < 0.5 && this.#status.rate === 1 && this.#status.state === 'playing') this.#frameS = step;
    this.#lastMediaS = frame.mediaTime;
    const timeline = this.#status.timeline;
    if (timeline && this.#status.state === 'playing' && this.#status.rate > 0) this.#goTo(timeline.from + frame.mediaTime * 1e6);
  };

  // When it goes wrong.

  #rejected(error: ApiError): void {
    this.#release();
    this.#measures.error = error.code;
    if (error.unreachable) this.#retryLater(error.text);
    else this.#set({ state: 'refused', text: error.text, refusal: error.refusal });
  }

  #lost(text: Text | null): void {
    this.#release();
    this.#retryLater(text);
  }

  /** The player's own fault is tried again once: each time is one more act, and what failed twice fails for ever. */
  #failed(error: unknown): void {
    const { broken } = this.#footage;
    this.#measures.error = String(error);
    this.#release();
    const unsupported = error instanceof UnsupportedCodec;
    const text = both((t) => (unsupported ? t.errors.unsupported : t.errors.player));
    if (!this.#faulted && !unsupported) {
      this.#faulted = true;
      this.#retryLater(text);
      return;
    }
    const beyondUs = this.#atUs + BEYOND_US;
    const further = broken && beyondUs < (this.#status.timeline?.to ?? 0);
    this.#set({ state: 'cut', text, refusal: null, gap: null, beyondUs: further ? beyondUs : null });
  }

  #retryLater(text: Text | null): void {
    const waitMs = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? 15_000;
    this.#attempt += 1;
    this.#set({ state: 'unreachable', text, refusal: null, gap: null });
    this.#retryTimer = window.setTimeout(() => this.#connect(), waitMs);
  }
}
