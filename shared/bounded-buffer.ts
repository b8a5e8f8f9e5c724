// Bytes that are put together from chunks, up to a limit: a peer that sends one byte at a time costs no more memory than
// one that sends them all at once, and appending n bytes costs n, however they come.

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

  /** What has been appended since the last `take`. Valid until the next call of `append`. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Appends a copy; false, and nothing is appended, if there would be more than `maxLength` bytes. */
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

  /** Gives `bytes`, and begins anew. */
  take(): Buffer {
    const bytes = this.bytes;
    this.#length = 0;
    return bytes;
  }
}
