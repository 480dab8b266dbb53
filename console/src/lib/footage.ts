/** The pictures of a replay in one video element: their queue, their keys, what is kept of them. */
import { ClearKeys } from './clearkey';
import { spansOf, type Span } from './controller';
import { AppendQueue, mimeOf } from './mse';
import { dropBehind } from './planner';

/** How long an element that is to play stands before it counts as having come to the end of what it has (ms). */
const STOOD_MS = 400;

export class Footage {
  readonly #video: HTMLVideoElement;
  readonly #failed: (error: unknown) => void;
  #queue: AppendQueue | null = null;
  #keys: ClearKeys | null = null;
  #pendingS: number | null = null;
  #stood = { atS: -1, sinceMs: 0 };

  constructor(video: HTMLVideoElement, failed: (error: unknown) => void) {
    this.#video = video;
    this.#failed = failed;
    video.muted = true;
    video.playsInline = true;
    video.disablePictureInPicture = true;
  }

  get open(): boolean {
    return this.#queue !== null;
  }

  get spans(): Span[] {
    const buffered = this.#queue?.buffered;
    return buffered ? spansOf(buffered) : [];
  }

  /** Where the element stands, or will once it has its metadata. */
  get atS(): number {
    return this.#pendingS ?? this.#video.currentTime;
  }

  /** Whether the element stands by itself, with no picture to go on to: up to one picture before the end of what it has. */
  get stands(): boolean {
    const { readyState, seeking, paused, currentTime } = this.#video;
    const still = readyState === HTMLMediaElement.HAVE_CURRENT_DATA && !seeking && !paused && currentTime === this.#stood.atS;
    if (!still) this.#stood = { atS: currentTime, sinceMs: performance.now() };
    return still && performance.now() - this.#stood.sinceMs > STOOD_MS;
  }

  /** Whether the browser could not play the pictures themselves, as they are. */
  get broken(): boolean {
    return this.#video.error !== null;
  }

  /** The range is so many seconds long: every place of it can be gone to, also before its pictures have come. */
  begin(lengthS: number): void {
    const queue = new AppendQueue(lengthS, {
      idle: () => this.#trim(),
      makeRoom: () => {
        const spans = this.spans;
        const end = this.#video.currentTime - 2;
        return spans[0] && end > spans[0].start ? { start: 0, end } : null;
      },
      failed: (error) => {
        if (this.#queue === queue) this.#failed(error);
      },
    });
    this.#queue = queue;
    this.#video.src = queue.url;
    this.#video.addEventListener('error', this.#refused);
  }

  /** What comes next answers another seek. */
  restart(): void {
    this.#queue?.restart();
  }

  init(codec: string, kid: string | null, key: string | null, offsetS: number): void {
    this.#queue?.push({ kind: 'codec', mime: mimeOf(codec) });
    // In the queue before the first encrypted byte: the decryptor is attached, then has the key.
    if (kid !== null && key !== null) this.#queue?.push({ kind: 'run', run: () => this.#giveKey(kid, key) });
    this.#queue?.push({ kind: 'offset', seconds: offsetS });
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queue?.push({ kind: 'append', bytes });
  }

  /** Moves the element. Before its metadata it has no time of its own: the move then waits for them. */
  place(mediaS: number): void {
    this.#pendingS = this.#video.readyState > 0 ? null : mediaS;
    if (this.#pendingS === null) this.#video.currentTime = mediaS;
  }

  /** Does what waited for the metadata. */
  settle(): void {
    if (this.#pendingS === null || this.#video.readyState === 0) return;
    this.#video.currentTime = this.#pendingS;
    this.#pendingS = null;
  }

  /** Pictures and keys go with the view, in the same turn. */
  release(): void {
    this.#queue?.close();
    this.#queue = null;
    this.#pendingS = null;
    this.#video.removeEventListener('error', this.#refused);
    this.#video.removeAttribute('src');
    this.#video.load();
    void this.#keys?.close();
  }

  #refused = (): void => this.#failed(this.#video.error);

  #trim(): void {
    const drop = dropBehind(this.#video.currentTime, this.spans);
    if (drop) this.#queue?.push({ kind: 'remove', ...drop });
  }

  async #giveKey(kid: string, key: string): Promise<void> {
    this.#keys ??= await ClearKeys.attach(this.#video);
    await this.#keys.add(kid, key);
  }
}
