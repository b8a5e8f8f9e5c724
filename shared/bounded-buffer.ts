// Collects chunks of bytes up to a limit. Memory and time depend on the number of bytes only, not on the number of chunks.

const FIRST_CAPACITY = 1_024;

export class BoundedBuffer {
  readonly #maxLength: number;
  #memory: Buffer = Buffer.alloc(0);
  #length = 0;

  /** @param maxLength in bytes */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes appended since the last `take`. Valid until the next call of `append`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Appends a copy. False: that would exceed `maxLength`, and nothing was appended. */
  append(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#maxLength) return false;
    if (length > this.#memory.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#maxLength, Math.max(2 * length, FIRST_CAPACITY)));
      this.bytes.copy(larger);
      this.#memory = larger;
    }
    this.#memory.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** Returns `bytes` and empties the buffer. */
  take(): Buffer {
    const bytes = this.bytes;
    this.#length = 0;
    return bytes;
  }
}
