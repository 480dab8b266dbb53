/** The pictures of a replay in one video element: their queue, their keys, what is kept of them. */
import { ClearKeys } from './clearkey';
import { spansOf, type Span } from './controller';
import { AppendQueue, mimeOf } from './mse';
import { dropBehind } from './planner';

export class Footage {
  readonly #video: HTMLVideoElement;
  readonly #failed: (error: unknown) => void;
  #queue: AppendQueue | null = null;
  #keys: ClearKeys | null = null;
  #pendingS: number | null = null;

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
    if (this.#video.readyState > 0) this.#video.currentTime = mediaS;
    else this.#pendingS = mediaS;
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
    this.#video.removeAttribute('src');
    this.#video.load();
    void this.#keys?.close();
  }

  #trim(): void {
    const drop = dropBehind(this.#video.currentTime, this.spans);
    if (drop) this.#queue?.push({ kind: 'remove', ...drop });
  }

  async #giveKey(kid: string, key: string): Promise<void> {
    this.#keys ??= await ClearKeys.attach(this.#video);
    await this.#keys.add(kid, key);
  }
}
