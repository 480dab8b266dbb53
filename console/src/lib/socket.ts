/** One socket = one view: hello, the request over HTTP, the lease as first message, then media. */
import { ApiError, api, type ViewRequest } from './api';
import type { OpenedView } from './types';
import { parseBinary, parseText, WireError, type BinaryMessage, type TextMessage } from './wire';

/**
 * The centre renews a view's lease every second or two. Whoever hears nothing for so long (ms) cannot know whether the
 * right still stands: pictures are hidden until it speaks again, and after the longer time the link counts as dead.
 */
export const SILENT_MS = 4_000;
export const STARVED_MS = 20_000;

export interface ViewSocketEvents {
  opened(view: OpenedView): void;
  text(message: TextMessage): void;
  binary(message: BinaryMessage): void;
  /** The request itself failed: refused, or the centre could not answer. */
  rejected(error: ApiError): void;
  /** The socket closed, for whatever reason; `unreadable` when we closed it because of its messages. */
  closed(unreadable: boolean): void;
}

export class ViewSocket {
  readonly #socket: WebSocket;
  readonly #events: ViewSocketEvents;
  readonly #request: Omit<ViewRequest, 'connection'>;
  #done = false;
  #heardAt = performance.now();

  constructor(request: Omit<ViewRequest, 'connection'>, events: ViewSocketEvents) {
    this.#request = request;
    this.#events = events;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.#socket = new WebSocket(`${scheme}://${location.host}/ws/view`);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#message(event.data);
    this.#socket.onclose = () => this.#finish(false);
  }

  /** How long the centre has said nothing on this view (ms). */
  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  send(message: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#done = true;
    this.#socket.onmessage = null;
    this.#socket.close(1000);
  }

  #finish(unreadable: boolean): void {
    if (this.#done) return;
    this.#done = true;
    this.#events.closed(unreadable);
  }

  #message(data: string | ArrayBuffer): void {
    if (this.#done) return;
    this.#heardAt = performance.now();
    try {
      if (typeof data !== 'string') {
        this.#events.binary(parseBinary(data));
        return;
      }
      const message = parseText(data);
      if (message.type === 'hello') void this.#ask(message.connection);
      else this.#events.text(message);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#socket.close(4400);
      this.#finish(true);
    }
  }

  async #ask(connection: string): Promise<void> {
    try {
      const view = await api.openView({ ...this.#request, connection });
      if (this.#done) return;
      this.#events.opened(view);
      this.send({ type: 'lease', lease: view.lease });
    } catch (error) {
      if (this.#done) return;
      if (!(error instanceof ApiError)) throw error;
      this.close();
      this.#events.rejected(error);
    }
  }
}
