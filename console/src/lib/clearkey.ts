/** The browser's own decryption with keys that the centre released: one ClearKey session for each content key. */
import { mimeOf, playable } from './mse';

export class ClearKeys {
  readonly #keys: MediaKeys;
  readonly #sessions = new Map<string, MediaKeySession>();

  private constructor(keys: MediaKeys) {
    this.#keys = keys;
  }

  /** @throws DOMException when the page is not a secure context or the browser has no ClearKey */
  static async attach(video: HTMLVideoElement): Promise<ClearKeys> {
    // A browser changes nothing of an element that has played with keys once: what it has is used again.
    if (video.mediaKeys) return new ClearKeys(video.mediaKeys);
    const { codecs } = playable();
    const access = await navigator.requestMediaKeySystemAccess('org.w3.clearkey', [
      { initDataTypes: ['keyids'], videoCapabilities: codecs.map((codec) => ({ contentType: mimeOf(codec) })) },
    ]);
    const keys = await access.createMediaKeys();
    await video.setMediaKeys(keys);
    return new ClearKeys(keys);
  }

  /** Hands one key over; done when the decryptor has it. `kid` and `key` are base64url without padding. */
  async add(kid: string, key: string): Promise<void> {
    if (this.#sessions.has(kid)) return;
    const session = this.#keys.createSession('temporary');
    this.#sessions.set(kid, session);
    const asked = new Promise<void>((resolve) => session.addEventListener('message', () => resolve(), { once: true }));
    await session.generateRequest('keyids', new TextEncoder().encode(JSON.stringify({ kids: [kid] })));
    await asked;
    const set = { keys: [{ kty: 'oct', kid, k: key }], type: 'temporary' };
    await session.update(new TextEncoder().encode(JSON.stringify(set)));
  }

  /** The keys leave the browser with the view. */
  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.allSettled(sessions.map((session) => session.close()));
  }
}
