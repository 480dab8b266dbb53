import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppendQueue } from '../src/lib/mse';

/** A buffer whose operations end when the test says so, as a busy browser's do. */
class SlowBuffer extends EventTarget {
  mode = '';
  timestampOffset = 0;
  updating = false;
  spans: [number, number][] = [];
  #after: () => void = () => undefined;

  get buffered(): { length: number } {
    return { length: this.spans.length };
  }
  appendBuffer(bytes: Uint8Array): void {
    this.#begin(() => this.spans.push([bytes[0] ?? 0, bytes[1] ?? 0]));
  }
  remove(start: number, end: number): void {
    this.#begin(() => (this.spans = this.spans.filter(([from, to]) => to <= start || from >= end)));
  }
  abort(): void {
    if (this.updating) throw new DOMException('a removal runs', 'InvalidStateError');
  }
  #begin(after: () => void): void {
    this.updating = true;
    this.#after = after;
  }
  end(): void {
    this.#after();
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }
}

let buffer = new SlowBuffer();

class OpenSource extends EventTarget {
  readyState = 'open';
  static isTypeSupported = () => true;
  addSourceBuffer = () => (buffer = new SlowBuffer());
}

const settled = () => new Promise((done) => setTimeout(done));

describe('a seek beyond what is buffered', () => {
  beforeEach(() => {
    vi.stubGlobal('MediaSource', OpenSource);
    URL.createObjectURL = () => 'blob:';
  });
  afterEach(() => vi.unstubAllGlobals());

  it('shows nothing of what was given up, however long its removal takes', async () => {
    const queue = new AppendQueue(null, { idle: () => undefined, makeRoom: () => null, failed: (error) => expect(error).toBeNull() });
    queue.push({ kind: 'codec', mime: 'video/mp4' }, { kind: 'append', bytes: new Uint8Array([10, 40]) });
    await settled();
    buffer.end();
    expect(queue.buffered?.length).toBe(1);

    queue.restart();
    expect(buffer.updating).toBe(true);
    expect(buffer.spans).toEqual([[10, 40]]); // still there, no more to be played
    expect(queue.buffered).toBeNull();
    queue.restart(); // another seek while the removal runs
    queue.push({ kind: 'append', bytes: new Uint8Array([1, 3]) });
    expect(queue.buffered).toBeNull();

    buffer.end();
    await settled();
    expect(queue.buffered?.length).toBe(0);
    buffer.end();
    expect(buffer.spans).toEqual([[1, 3]]);
    expect(queue.buffered?.length).toBe(1);
  });
});
