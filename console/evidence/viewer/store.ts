// Decoded pictures of one camera, a bounded number of them: whole groups are decoded, and what is near is kept.

import type { Place, Track } from './track';
import { type Group, codedOf } from './movie';

export type Trouble = 'codec' | 'broken' | 'no_decoder';

interface Job {
  group: Group;
  first: number;
  last: number;
}

export class Store {
  readonly #kept = new Map<Group, Map<number, VideoFrame>>();
  readonly #failed = new Map<Group, Trouble>();
  #running = false;
  #next: Job | null = null;
  #count = 0;
  #most = 60;

  constructor(
    readonly track: Track,
    /** Bytes that the pictures of this camera may take. */
    readonly budget: number,
    readonly changed: () => void,
  ) {}

  peek(place: Place): VideoFrame | null {
    return this.#kept.get(place.group)?.get(place.index) ?? null;
  }

  trouble(place: Place): Trouble | null {
    return this.#failed.get(place.group) ?? null;
  }

  get held(): number {
    return this.#count;
  }

  /** Ask for a picture and those around it; a later wish replaces one that has not begun. */
  want(place: Place, direction: 1 | -1): void {
    if (this.peek(place) !== null || this.trouble(place) !== null) return;
    this.#next = this.#job(place, direction);
    if (!this.#running) void this.#run();
  }

  close(): void {
    this.#next = null;
    for (const group of this.#kept.keys()) this.#drop(group);
  }

  /** A group that fits is decoded whole; of a longer one, the part that will be shown next. */
  #job({ group, index }: Place, direction: 1 | -1): Job {
    const { width, height } = group.movie.config;
    this.#most = Math.max(8, Math.floor(this.budget / Math.max(1, width * height * 1.5)));
    const room = Math.floor(this.#most / 2);
    if (group.times.length <= room) return { group, first: 0, last: group.times.length - 1 };
    const first = direction === 1 ? index : Math.max(0, index - room + 1);
    return { group, first, last: Math.min(group.times.length - 1, first + room - 1) };
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#next !== null) {
      const job = this.#next;
      this.#next = null;
      try {
        await this.#decode(job);
      } catch (error) {
        this.#failed.set(job.group, error instanceof CodecError ? error.trouble : 'broken');
      }
      this.changed();
    }
    this.#running = false;
  }

  async #decode(job: Job): Promise<void> {
    const pictures = await decodeGroup(job.group, (index) => index >= job.first && index <= job.last);
    const own = this.#kept.get(job.group) ?? new Map<number, VideoFrame>();
    this.#kept.delete(job.group);
    this.#kept.set(job.group, own);
    for (const [index, frame] of pictures) {
      own.get(index)?.close();
      this.#count += own.has(index) ? 0 : 1;
      own.set(index, frame);
    }
    this.#makeRoom(job);
    // a picture that the decoder did not give would be asked for ever
    for (let n = job.first; n <= job.last; n++) if (!own.has(n)) this.#failed.set(job.group, 'broken');
  }

  #makeRoom(job: Job): void {
    const far = [...this.#kept.keys()].filter((group) => group !== job.group);
    far.sort((a, b) => Math.abs(b.startUs - job.group.startUs) - Math.abs(a.startUs - job.group.startUs));
    for (const group of far) {
      if (this.#count <= this.#most) return;
      this.#drop(group);
    }
    const own = this.#kept.get(job.group)!;
    for (const [index, frame] of own) {
      if (this.#count <= this.#most) return;
      if (index >= job.first && index <= job.last) continue;
      frame.close();
      own.delete(index);
      this.#count--;
    }
  }

  #drop(group: Group): void {
    const own = this.#kept.get(group);
    for (const frame of own?.values() ?? []) frame.close();
    this.#count -= own?.size ?? 0;
    this.#kept.delete(group);
  }
}

class CodecError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble);
  }
}

/** Decode a group and keep the pictures wanted, by their number in order of showing. */
export async function decodeGroup(group: Group, wanted: (index: number) => boolean): Promise<Map<number, VideoFrame>> {
  if (typeof VideoDecoder === 'undefined') throw new CodecError('no_decoder');
  const { file, config } = group.movie;
  const settings: VideoDecoderConfig = { codec: file.codec, codedWidth: config.width, codedHeight: config.height, description: config.record };
  const support = await VideoDecoder.isConfigSupported(settings).catch(() => null);
  if (support?.supported !== true) throw new CodecError('codec');
  const found = new Map<number, VideoFrame>();
  const copies: Promise<void>[] = [];
  const numbers = new Map(group.times.map((time, n) => [time, n]));
  let failure: unknown = null;
  const decoder = new VideoDecoder({
    output: (frame) => {
      const index = numbers.get(frame.timestamp);
      if (index === undefined || !wanted(index)) return frame.close();
      copies.push(copied(frame).then((copy) => void found.set(index, copy)));
    },
    error: (error) => {
      failure = error;
    },
  });
  try {
    decoder.configure(settings);
    for (const one of await codedOf(group)) {
      const type = one.key ? 'key' : 'delta';
      decoder.decode(new EncodedVideoChunk({ type, timestamp: one.timeUs, duration: one.durationUs, data: one.data }));
    }
    await decoder.flush();
    await Promise.all(copies);
  } catch (error) {
    for (const frame of found.values()) frame.close();
    throw failure ?? error;
  } finally {
    if (decoder.state !== 'closed') decoder.close();
  }
  return found;
}

/** Decoders lend few pictures at a time: each is copied into memory of ours, in its own format. */
async function copied(frame: VideoFrame): Promise<VideoFrame> {
  try {
    if (frame.format === null) return frame.clone();
    const data = new Uint8Array(frame.allocationSize());
    const layout = await frame.copyTo(data);
    const { width: codedWidth, height: codedHeight } = frame.visibleRect!;
    const { displayWidth, displayHeight, timestamp, colorSpace } = frame;
    return new VideoFrame(data, {
      format: frame.format, codedWidth, codedHeight, displayWidth, displayHeight, timestamp, layout, colorSpace: colorSpace.toJSON(),
    });
  } finally {
    frame.close();
  }
}
