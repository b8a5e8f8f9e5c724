// The text of several servers, as one of them has it: the letters that etcd has ordered, and this server's own letters on
// their way there. No I/O: letters in, groups out to etcd, groups in from etcd, offsets out.
//
// The letters that this server's clients send are a stream with offsets of its own. A group says: of that server's stream,
// from that offset on, these letters. All servers see the same groups in the same order, and the text is their letters one
// after the other. So `append` returns an offset in the own stream, and `offsetOf` turns it into one of the text once the
// group of that letter has come back.

import { encode, encodedLength, isContinuation, lastLetter } from '../../shared/utf8.js';
import { FULL, Text } from '../core/text.js';
import { HEADER_BYTES, type TextBuffer } from '../core/text-buffer.js';
import { Places } from './places.js';

export interface Group {
  /** The server whose clients sent the letters: the UUID of its process. */
  readonly server: string;
  /** Where in that server's stream the letters begin, in bytes. */
  readonly from: number;
  /** Whole letters in UTF-8. */
  readonly letters: Uint8Array;
}

/** The keys in etcd are not what servers of this kind write, so this copy may not be the common text. */
export class TamperedError extends Error {}

export class SharedText extends Text {
  readonly server: string;
  readonly #bytes: Uint8Array;
  readonly #header: Uint32Array;
  /** Where the stream of each server ends so far. */
  readonly #streamEnds = new Map<string, number>();
  readonly #places = new Places();
  /** Own letters from `#settled` to `#written` in the own stream. */
  #outbox = Buffer.alloc(4096);
  #settled = 0;
  #written = 0;
  /** A letter did not fit; from there on every server's text ends. */
  #full = false;

  /** @param server a UUID that no other server has */
  constructor(memory: TextBuffer, server: string) {
    super(memory);
    this.server = server;
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
    this.#header = new Uint32Array(memory, 0, 1);
  }

  /** Up to where groups of the own stream have come back; letters up to here may be answered. */
  get settled(): number {
    return this.#settled;
  }

  /** Own letters that have not come back, as bytes. Valid until letters come or go. */
  get pending(): Uint8Array {
    return this.#outbox.subarray(0, this.#written - this.#settled);
  }

  /**
   * Adds a letter to the own stream.
   * @returns its offset there; FULL when it cannot fit, whatever the others do
   */
  override append(letter: number): number {
    const pending = this.#written - this.#settled;
    const length = encodedLength(letter);
    if (this.#full || this.length + pending + length > this.#bytes.length) return FULL;
    if (pending + length > this.#outbox.length) {
      this.#outbox = Buffer.concat([this.#outbox], 2 * this.#outbox.length);
    }
    encode(letter, this.#outbox, pending);
    this.#written += length;
    return this.#written;
  }

  override offsetOf(appended: number): number {
    return this.#places.offsetOf(appended);
  }

  override letterAt(appended: number): string {
    if (appended > this.#settled) return lastLetter(this.#outbox.subarray(0, appended - this.#settled));
    const offset = this.offsetOf(appended);
    return offset === FULL ? '' : super.letterAt(offset);
  }

  /** The next group of own letters; undefined: there are none. It stays the same until it has come back, or grows. */
  nextGroup(maxBytes: number): Group | undefined {
    const { pending } = this;
    if (pending.length === 0) return undefined;
    const letters = Buffer.from(pending.subarray(0, wholeLetters(pending, maxBytes))); // a copy: more letters may come
    return { server: this.server, from: this.#settled, letters };
  }

  /**
   * Appends the next group that etcd has ordered; the letters that do not fit are in no server's text.
   * @throws TamperedError when it does not continue its server's stream
   */
  accept({ server, from, letters }: Group): void {
    const expected = this.#streamEnds.get(server) ?? 0;
    if (from !== expected) {
      throw new TamperedError(`the letters of server ${server} continue at ${from}, not at ${expected}`);
    }
    this.#streamEnds.set(server, from + letters.length);
    const start = this.length;
    const taken = this.#full ? 0 : wholeLetters(letters, this.#bytes.length - start);
    this.#full ||= taken < letters.length;
    this.#bytes.set(letters.subarray(0, taken), start);
    this.#header[0] = start + taken;
    if (server !== this.server) return;
    if (taken > 0) this.#places.add(from + taken, start + taken);
    this.#outbox.copyWithin(0, letters.length, this.#written - this.#settled);
    this.#settled += letters.length;
  }
}

/** How many of the first `max` bytes are whole letters. */
function wholeLetters(letters: Uint8Array, max: number): number {
  if (letters.length <= max) return letters.length;
  let end = max;
  while (isContinuation(letters[end] as number)) end -= 1;
  return end;
}
