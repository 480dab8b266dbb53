/** A replay in one video element: opens, decrypts, follows the playhead, shows gaps as gaps. */
import { both } from '../i18n/both';
import type { ApiError } from './api';
import { Footage } from './footage';
import { playable, UnsupportedCodec } from './mse';
import { isBuffered, nextStep, withGap } from './planner';
import { probe, type ReplayProbe } from './probe';
import { SILENT_MS, STARVED_MS, ViewSocket } from './socket';
import { toIso } from './time';
import type { ReplayRequest, ReplayStatus, ReplayTimeline } from './replaystate';
import type { Text } from './types';
import type { BinaryMessage, GapMessage, TextMessage } from './wire';

const TICK_MS = 100;
const POSITION_MS = 200;
const GAP_SHOWN_MS = 1_800;
/** A reverse shuttle that leaves the buffer asks for this much before where it stands. */
const REVERSE_FILL_US = 9e6;
const BACKOFF_MS = [1000, 2000, 4000, 8000, 15_000];

export class ReplayView {
  readonly #video: HTMLVideoElement;
  readonly #request: ReplayRequest;
  readonly #changed: (status: ReplayStatus) => void;
  readonly #moved: (atUs: number) => void;
  readonly #measures: ReplayProbe;
  readonly #startedAt = performance.now();
  #status: ReplayStatus = {
    state: 'opening', text: null, refusal: null, view: null, timeline: null, gap: null, rate: 1, silent: false,
  };
  #socket: ViewSocket | null = null;
  readonly #footage: Footage;
  #seek = 0;
  #seekAt = 0;
  #accepting = false;
  #endUs: number | null = null;
  #atUs: number;
  #wantsPlay = true;
  #timer = 0;
  #gapTimer = 0;
  #retryTimer = 0;
  #attempt = 0;
  #lastPosition = 0;
  #frameS = 0.04;
  #lastMediaS = -1;
  #reversedAt = 0;
  #reverseAsked = 0;
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
    window.clearTimeout(this.#gapTimer);
    window.clearTimeout(this.#retryTimer);
    this.#release();
    if (probe().replay === this.#measures) probe().replay = null;
  }

  // What a person may do.

  play(): void {
    this.setRate(this.#status.rate > 0 ? this.#status.rate : 1);
    this.#wantsPlay = true;
    if (this.#status.state === 'ended' && this.#status.timeline) this.seek(this.#status.timeline.from);
    if (this.#status.state === 'paused') this.#set({ state: 'loading' });
    this.#tick();
  }

  pause(): void {
    this.#wantsPlay = false;
    this.#video.pause();
    if (this.#status.rate < 0) this.#set({ rate: 1 });
    if (this.#status.state === 'playing' || this.#status.state === 'loading') this.#set({ state: 'paused' });
  }

  /** Negative plays backwards, by steps over the key frames and what they carry. */
  setRate(rate: number): void {
    this.#set({ rate });
    this.#reversedAt = performance.now();
    if (rate < 0) this.#video.pause();
    else this.#video.playbackRate = rate;
  }

  get rate(): number {
    return this.#wantsPlay ? this.#status.rate : 0;
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
    this.#gapTimer = 0;
    const mediaS = (target - timeline.from) / 1e6;
    if (this.#status.state !== 'opening') this.#set({ state: this.#wantsPlay ? 'loading' : 'paused', gap: null });
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

  /** Pictures and keys go with the view, in the same turn. */
  #release(): void {
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
        const timeline = this.#status.timeline;
        if (timeline) {
          const { from, to, cause } = message;
          const gap = { from: Math.max(from, timeline.from), to: Math.min(to, timeline.to), cause };
          if (gap.to > gap.from) this.#set({ timeline: { ...timeline, gaps: withGap(timeline.gaps, gap) } });
        }
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
    this.#reversedAt = performance.now(); // a shuttle goes on from here, not from where it would be by now
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
    if (this.#wantsPlay && this.#status.rate < 0) {
      this.#reverse(timeline);
      return;
    }
    const video = this.#video;
    this.#footage.settle();
    const at = this.#footage.atS;
    if (!video.seeking) this.#goTo(timeline.from + at * 1e6);
    this.#position();
    const gaps = timeline.gaps.map((gap) => ({ start: (gap.from - timeline.from) / 1e6, end: (gap.to - timeline.from) / 1e6 }));
    const step = nextStep(at, this.#footage.spans, gaps, this.#endS(timeline));
    switch (step.kind) {
      case 'play':
        if (this.#wantsPlay) {
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
        this.#wantsPlay = false;
        if (this.#status.state !== 'ended') this.#set({ state: 'ended' });
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
      this.#reversedAt = performance.now(); // a shuttle goes on from where it stood
      this.#set({ silent });
    }
    if (silent) this.#video.pause();
    return silent;
  }

  #endS(timeline: ReplayTimeline): number | null {
    return this.#endUs === null ? null : (Math.min(this.#endUs, timeline.to) - timeline.from) / 1e6;
  }

  #showGap(gap: GapMessage, timeline: ReplayTimeline): void {
    this.#video.pause();
    this.#set({ state: 'gap', gap });
    this.#goTo(Math.max(this.#atUs, gap.from));
    this.#position(true);
    window.clearTimeout(this.#gapTimer);
    this.#gapTimer = window.setTimeout(() => {
      if (gap.to >= timeline.to - 1e5) {
        this.#wantsPlay = false;
        this.#goTo(timeline.to - 1000);
        this.#set({ state: 'ended', gap: null });
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
    const now = performance.now();
    if (this.#video.seeking && now - this.#reversedAt < 1500) return;
    const target = this.#atUs + this.#status.rate * (now - this.#reversedAt) * 1000;
    this.#reversedAt = now;
    if (target <= timeline.from) {
      this.seek(timeline.from);
      this.pause();
      return;
    }
    const gap = timeline.gaps.find((candidate) => target >= candidate.from && target < candidate.to);
    const place = gap ? gap.from - 100_000 : target;
    const mediaS = (place - timeline.from) / 1e6;
    if (isBuffered(mediaS, this.#footage.spans)) {
      this.#goTo(place);
      this.#video.currentTime = mediaS;
      if (this.#status.state !== 'playing') this.#set({ state: 'playing' });
      this.#position();
    } else if (now - this.#reverseAsked > 2000) {
      this.#reverseAsked = now;
      this.seek(place, REVERSE_FILL_US);
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

  #failed(error: unknown): void {
    this.#measures.error = String(error);
    this.#release();
    const text = both((t) => (error instanceof UnsupportedCodec ? t.errors.unsupported : t.errors.player));
    if (error instanceof UnsupportedCodec) this.#set({ state: 'cut', text });
    else this.#retryLater(text);
  }

  #retryLater(text: Text | null): void {
    const waitMs = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? 15_000;
    this.#attempt += 1;
    window.clearTimeout(this.#gapTimer);
    this.#set({ state: 'unreachable', text, refusal: null, gap: null });
    this.#retryTimer = window.setTimeout(() => this.#connect(), waitMs);
  }
}
