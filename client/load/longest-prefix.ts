// The longest text that any reply has shown so far. Every reply must be a prefix of it, or continue it; since the text only
// grows, one copy is enough for all clients.

import { constants } from 'node:buffer';
import { BoundedBuffer } from '../../shared/bounded-buffer.js';

export class LongestPrefix {
  readonly #known = new BoundedBuffer(constants.MAX_LENGTH);

  /** Valid until the next call of `agrees`. */
  get bytes(): Buffer {
    return this.#known.bytes;
  }

  /**
   * Whether the bytes of a reply at an offset are those of the known text; bytes beyond its end are added to it.
   * @param at at most the known length
   */
  agrees(at: number, chunk: Buffer, from: number, to: number): boolean {
    const common = Math.min(to - from, this.#known.length - at);
    if (common > 0 && chunk.compare(this.bytes, at, at + common, from, from + common) !== 0) return false;
    if (from + common < to) this.#known.append(chunk.subarray(from + common, to));
    return true;
  }
}
