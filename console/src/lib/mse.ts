/**
 * One SourceBuffer fed strictly in order. Everything that must happen between two fragments (a key to hand over, a
 * codec to change, an offset to set, old pictures to drop) waits its turn in the same queue.
 */

export type Operation =
  | { kind: 'codec'; mime: string }
  | { kind: 'offset'; seconds: number }
  | { kind: 'append'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'remove'; start: number; end: number }
  | { kind: 'clear' }
  | { kind: 'run'; run: () => Promise<void> | void };

export interface QueueEvents {
  /** After each finished operation, when nothing is being appended. */
  idle(): void;
  /** The buffer is full: say what may go (seconds), or null when nothing may. */
  makeRoom(): { start: number; end: number } | null;
  failed(error: unknown): void;
}

export const mimeOf = (codec: string): string => `video/mp4; codecs="${codec}"`;

export class AppendQueue {
  readonly media = new MediaSource();
  readonly url = URL.createObjectURL(this.media);
  #buffer: SourceBuffer | null = null;
  #mime = '';
  #waiting: Operation[] = [];
  #busy = false;
  #closed = false;
  #epoch = 0;
  #clearing = false;
  readonly #events: QueueEvents;

  /**
   * `lengthS` is null for a live view. Init segments name no duration: without a seekable range a browser goes nowhere but
   * where pictures have come, and a seek would end at the key picture that comes first.
   */
  constructor(lengthS: number | null, events: QueueEvents) {
    this.#events = events;
    this.media.addEventListener('sourceopen', () => {
      if (lengthS !== null) this.media.setLiveSeekableRange(0, lengthS);
      this.#pump();
    });
  }

  /** What can be played. Pictures that a seek has given up are not, though their removal may take its time. */
  get buffered(): TimeRanges | null {
    if (this.#clearing || this.#waiting.some((operation) => operation.kind === 'clear')) return null;
    try {
      return this.#buffer && this.media.readyState !== 'closed' ? this.#buffer.buffered : null;
    } catch {
      return null;
    }
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  push(...operations: Operation[]): void {
    if (this.#closed) return;
    this.#waiting.push(...operations);
    this.#pump();
  }

  /** Forget what waits and all that is buffered (a seek elsewhere). */
  restart(): void {
    this.#epoch += 1;
    this.#waiting = [];
    const buffer = this.#buffer;
    if (buffer && this.media.readyState === 'open') {
      // abort() is not allowed while a removal runs; the removal then ends by itself.
      try {
        buffer.abort();
      } catch {
        /* the running removal goes on to its end */
      }
      this.#waiting.push({ kind: 'clear' });
    }
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#epoch += 1;
    this.#waiting = [];
    URL.revokeObjectURL(this.url);
  }

  #pump(): void {
    if (this.#closed || this.#busy || this.media.readyState !== 'open' || this.#buffer?.updating) return;
    const next = this.#waiting.shift();
    if (!next) return;
    try {
      this.#do(next);
    } catch (error) {
      if (error instanceof DOMException && error.name === 'QuotaExceededError') this.#full(next);
      else this.#events.failed(error);
      return;
    }
    if (!this.#buffer?.updating && !this.#busy) queueMicrotask(() => this.#pump());
  }

  #full(operation: Operation): void {
    const room = this.#events.makeRoom();
    if (!room) {
      this.#events.failed(new Error('media buffer full'));
      return;
    }
    this.#waiting.unshift({ kind: 'remove', ...room }, operation);
    queueMicrotask(() => this.#pump());
  }

  #do(operation: Operation): void {
    switch (operation.kind) {
      case 'codec':
        this.#codec(operation.mime);
        return;
      case 'offset':
        if (this.#buffer) this.#buffer.timestampOffset = operation.seconds;
        return;
      case 'append':
        this.#buffer?.appendBuffer(operation.bytes);
        return;
      case 'remove':
        if (this.#buffer && this.#buffer.buffered.length > 0) this.#buffer.remove(operation.start, operation.end);
        return;
      case 'clear':
        if (!this.#buffer || this.#buffer.buffered.length === 0) return;
        this.#clearing = true;
        this.#buffer.remove(0, Number.POSITIVE_INFINITY);
        return;
      case 'run': {
        const done = operation.run();
        if (!done) return;
        this.#busy = true;
        const epoch = this.#epoch;
        done
          .catch((error: unknown) => {
            if (epoch === this.#epoch) this.#events.failed(error);
          })
          .finally(() => {
            this.#busy = false;
            this.#pump();
          });
      }
    }
  }

  #codec(mime: string): void {
    if (mime === this.#mime) return;
    if (!MediaSource.isTypeSupported(mime)) throw new UnsupportedCodec(mime);
    this.#mime = mime;
    if (this.#buffer) {
      this.#buffer.changeType(mime);
      return;
    }
    const buffer = this.media.addSourceBuffer(mime);
    buffer.mode = 'segments';
    buffer.addEventListener('updateend', () => {
      // What an abort() ended tells so after the clearing has begun.
      if (!buffer.updating) this.#clearing = false;
      if (this.#closed) return;
      this.#events.idle();
      this.#pump();
    });
    buffer.addEventListener('error', () => this.#events.failed(new Error('media refused by the browser')));
    this.#buffer = buffer;
  }
}

export class UnsupportedCodec extends Error {
  readonly mime: string;
  constructor(mime: string) {
    super(`this browser does not play ${mime}`);
    this.mime = mime;
  }
}

const CANDIDATES = [
  'avc1.42E01E', 'avc1.42E01F', 'avc1.42E028', 'avc1.4D401E', 'avc1.4D401F', 'avc1.4D4028',
  'avc1.64001E', 'avc1.64001F', 'avc1.640028', 'avc1.640033', 'hvc1.1.6.L93.B0', 'hvc1.1.6.L120.B0', 'hvc1.1.6.L153.B0',
];

/** What this browser plays, for the centre to choose the stream. */
export function playable(): { codecs: string[]; h265: boolean } {
  const codecs = CANDIDATES.filter((codec) => MediaSource.isTypeSupported(mimeOf(codec)));
  return { codecs, h265: codecs.some((codec) => codec.startsWith('hvc1')) };
}
