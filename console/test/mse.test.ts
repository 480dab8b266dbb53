import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppendQueue } from '../src/lib/mse';

/** A buffer whose operations end when the test says so, as a busy browser's do. */
class SlowBuffer extends EventTarget {
  mode = '';
  timestampOffset = 0;
  updating = false;
  spans: [number, number][] = [];
  #after: () => void = () => undefined;
  #removing = false;

  get buffered(): { length: number } {
    return { length: this.spans.length };
  }
  appendBuffer(bytes: Uint8Array): void {
    this.#begin(() => this.spans.push([bytes[0] ?? 0, bytes[1] ?? 0]));
  }
  remove(start: number, end: number): void {
    this.#removing = true;
    this.#begin(() => (this.spans = this.spans.filter(([from, to]) => to <= start || from >= end)));
  }
  /** An append is given up at once, and says so when the browser comes to it. */
  abort(): void {
    if (!this.updating) return;
    if (this.#removing) throw new DOMException('a removal runs', 'InvalidStateError');
    this.updating = false;
    setTimeout(() => this.dispatchEvent(new Event('updateend')));
  }
  #begin(after: () => void): void {
    this.updating = true;
    this.#after = after;
  }
  end(): void {
    this.#after();
    this.updating = this.#removing = false;
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

const events = { idle: () => undefined, makeRoom: () => null, failed: (error: unknown) => expect(error).toBeNull() };

describe('a seek beyond what is buffered', () => {
  beforeEach(() => {
    vi.stubGlobal('MediaSource', OpenSource);
    URL.createObjectURL = () => 'blob:';
  });
  afterEach(() => vi.unstubAllGlobals());

  it('shows nothing of what was given up, however long its removal takes', async () => {
    const queue = new AppendQueue(null, events);
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

  it('nor when the end of an append that it gave up is told late', async () => {
    const queue = new AppendQueue(null, events);
    queue.push({ kind: 'codec', mime: 'video/mp4' }, { kind: 'append', bytes: new Uint8Array([10, 40]) });
    await settled();
    buffer.end();
    queue.push({ kind: 'append', bytes: new Uint8Array([40, 42]) });
    await settled();
    queue.restart();
    await settled();
    expect(buffer.updating).toBe(true);
    expect(queue.buffered).toBeNull();
    buffer.end();
    expect(queue.buffered?.length).toBe(0);
  });
});
