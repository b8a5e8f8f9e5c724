// The longest text that any reply has shown so far. Every reply must be a prefix of it, or continue it; since the text only
// grows, one copy is enough for all clients.

const FIRST_CAPACITY = 1 << 16;

export class LongestPrefix {
  #bytes = Buffer.alloc(FIRST_CAPACITY);
  #length = 0;

  /** Valid until the next call of `agrees`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Whether the bytes of a reply at an offset are those of the known text; bytes beyond its end are added to it.
   * @param at at most the known length
   */
  agrees(at: number, chunk: Buffer, from: number, to: number): boolean {
    const common = Math.min(to - from, this.#length - at);
    if (common > 0 && chunk.compare(this.#bytes, at, at + common, from, from + common) !== 0) return false;
    if (from + common < to) this.#extend(chunk, from + common, to);
    return true;
  }

  #extend(chunk: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * length);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length, from, to);
    this.#length = length;
  }
}
