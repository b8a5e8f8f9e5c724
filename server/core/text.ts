// The shared text: all letters so far, in one total order. It only grows, so an offset (a length in bytes where a letter
// ends) describes a reply: the text from 0 to it, never a copy. It takes no lock; threads may share its memory.

import { encode, encodedLength, lastLetter } from '../../shared/utf8.js';
import { HEADER_BYTES, type TextBuffer } from './text-buffer.js';

/** What `append` gives when the letter does not fit. No letter ends at offset 0 or below. */
export const FULL = -1;

export class Text {
  readonly memory: TextBuffer;
  readonly #length: Uint32Array;
  readonly #bytes: Uint8Array;

  /** @param memory zeroed, from `allocateTextBuffer`; or the memory of another Text, to share that text */
  constructor(memory: TextBuffer) {
    this.memory = memory;
    this.#length = new Uint32Array(memory, 0, 1);
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  get length(): number {
    return this.#length[0] as number;
  }

  /** Appends a letter. @returns its offset, the text's length just after it; or FULL, and the text is as it was */
  append(letter: number): number {
    const start = this.length;
    const end = start + encodedLength(letter);
    if (end > this.#bytes.length) return FULL;
    encode(letter, this.#bytes, start);
    this.#length[0] = end;
    return end;
  }

  /** The offset of a stored letter by what `append` returned: here the same; FULL if it got no room after all. */
  offsetOf(appended: number): number {
    return appended;
  }

  /** A letter, stored or not, by what `append` returned; LF for 0. */
  letterAt(appended: number): string {
    return lastLetter(this.view(-1, appended));
  }

  /** The bytes between two offsets, in the text's own memory: to be read, not kept and not changed. From -1 to 0: an LF. */
  view(from: number, to: number): Uint8Array {
    return new Uint8Array(this.memory, HEADER_BYTES + from, to - from);
  }
}
