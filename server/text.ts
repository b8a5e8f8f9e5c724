// The shared text: all letters so far, in one total order. It only grows, so an offset (a length in bytes at which
// a letter ended) says everything: a reply is the text from 0 to an offset, and no reply ever needs a copy.
// It locks nothing and waits for nobody. It lives in memory that it is given, so that threads may share it.

import { encode, encodedLength } from '../shared/letters.js';

/** What `append` gives when the letter does not fit. No letter ends at offset 0 or below. */
export const FULL = -1;

/** The text's length in bytes stands at the front of its memory: who shares the memory shares the length. */
const HEADER_BYTES = 8;

export type Memory = ArrayBuffer | SharedArrayBuffer;

/**
 * Memory for a text of at most `maxLength` bytes. It grows in place, so views into it stay valid; memory that threads
 * share has its full length at once, because growing would want a lock.
 */
export function textMemory(maxLength: number, shared = false): Memory {
  const maxByteLength = HEADER_BYTES + maxLength;
  if (shared) return new SharedArrayBuffer(maxByteLength);
  return new ArrayBuffer(Math.min(64 * 1024, maxByteLength), { maxByteLength });
}

export class Text {
  readonly #memory: Memory;
  readonly #length: Uint32Array;
  /** Follows the memory as it grows. */
  readonly #bytes: Uint8Array;

  /** @param memory zeroed, from `textMemory`; or the memory of another Text, to share that text */
  constructor(memory: Memory) {
    this.#memory = memory;
    this.#length = new Uint32Array(memory, 0, 1);
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  /** In bytes of UTF-8. */
  get length(): number {
    return this.#length[0] as number;
  }

  /** Up to this offset the text may be shown to clients: everything, as long as no journal says otherwise. */
  durable = Number.POSITIVE_INFINITY;

  /**
   * Appends a letter at the end.
   * @param letter a Unicode scalar value that is not a control character
   * @returns the letter's offset: the text's length just after it; or FULL, and the text is as it was
   */
  append(letter: number): number {
    const start = this.length;
    const end = start + encodedLength(letter);
    if (end > this.#bytes.length && !this.#grow(end)) return FULL;
    encode(letter, this.#bytes, start);
    this.#length[0] = end;
    return end;
  }

  /** The bytes between two offsets, in the text's own memory: to be read, not kept and not changed. */
  view(from: number, to: number): Buffer {
    return Buffer.from(this.#memory, HEADER_BYTES + from, to - from);
  }

  #grow(needed: number): boolean {
    const { maxByteLength } = this.#memory;
    if (HEADER_BYTES + needed > maxByteLength || this.#memory instanceof SharedArrayBuffer) return false;
    this.#memory.resize(
      Math.min(maxByteLength, Math.max(HEADER_BYTES + needed, 2 * this.#memory.byteLength)),
    );
    return true;
  }
}
