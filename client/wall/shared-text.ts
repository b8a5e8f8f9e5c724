// The text as the wall knows it, from replies and from the server's log, and who wrote each letter. A letter is passed on once
// its author is known, or after a short wait: the reply that says so may still be on its way.

import { encode, encodedLength, isContinuation } from '../../shared/utf8.js';

/** The wall shows no more than a server holds by default, in bytes. */
const MAX_BYTES = 1024 * 1024;
const FIRST_BYTES = 4 * 1024;
const AUTHOR_WAIT_MS = 250;
export const UNKNOWN_AUTHOR = 0;

export interface NewLetters {
  readonly offset: number;
  readonly letters: string;
  readonly authors: ReadonlyArray<readonly [client: number, letters: number]>;
}

export class SharedText {
  #bytes = Buffer.alloc(FIRST_BYTES);
  /** By the position of a letter's first byte. */
  #authors = new Uint32Array(FIRST_BYTES);
  #length = 0;
  /** The offset up to which letters were passed on, and since when there are later ones. */
  #passedOn = 0;
  #pendingSince: number | undefined;
  /** Letters of the log beyond the end, in the order of arrival: several threads report theirs independently. */
  readonly #ahead = new Map<number, { readonly bytes: Buffer; readonly author: number }>();

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  /** Takes a part of a reply, which begins at this position of the text. */
  learn(position: number, bytes: Uint8Array): void {
    const end = Math.min(position + bytes.length, MAX_BYTES);
    if (end <= this.#length || position > this.#length) return;
    this.#reserve(end);
    this.#bytes.set(bytes.subarray(this.#length - position, end - position), this.#length);
    this.#length = end;
    this.#takeAhead();
  }

  /** The letter that ends at this offset is by this client. */
  setAuthor(offset: number, client: number): void {
    const start = this.#letterStart(offset);
    if (offset <= this.#length && start >= 0) this.#authors[start] = client;
  }

  /** A letter of the server's log. */
  append(offset: number, codePoint: number, client: number): void {
    const start = offset - encodedLength(codePoint);
    const bytes = Buffer.alloc(offset - start);
    encode(codePoint, bytes, 0);
    if (offset > MAX_BYTES || start < 0) return;
    if (start > this.#length) this.#ahead.set(start, { bytes, author: client });
    else this.#learnLetter(start, bytes, client);
  }

  /** The letters that are to be passed on now; undefined if there are none. */
  take(now: number): NewLetters | undefined {
    const end = this.#lastLetterEnd();
    if (end <= this.#passedOn) return undefined;
    this.#pendingSince ??= now;
    const wait = now - this.#pendingSince < AUTHOR_WAIT_MS;
    const to = wait ? this.#authorsKnownUpTo(end) : end;
    if (to <= this.#passedOn) return undefined;
    const taken = this.between(this.#passedOn, to);
    this.#passedOn = to;
    this.#pendingSince = to < end ? now : undefined;
    return taken;
  }

  /** The offset up to which letters were passed on. */
  get passedOn(): number {
    return this.#passedOn;
  }

  /** The letters between two offsets; `from` may be anything that a client has sent. */
  between(from: number, to: number): NewLetters {
    const start = from <= to && from === this.#letterBoundary(from) ? from : 0;
    const authors: Array<[number, number]> = [];
    for (let position = start; position < to; position += 1) {
      if (isContinuation(this.#bytes[position] ?? 0)) continue;
      const author = this.#authors[position] ?? UNKNOWN_AUTHOR;
      const run = authors.at(-1);
      if (run?.[0] === author) run[1] += 1;
      else authors.push([author, 1]);
    }
    return { offset: to, letters: this.#bytes.toString('utf8', start, to), authors };
  }

  /** The last letters up to an offset, those that are whole within `bytes` bytes. */
  tail(bytes: number, end = this.#lastLetterEnd()): string {
    return this.#bytes.toString('utf8', this.#letterBoundary(Math.max(0, end - bytes)), end);
  }

  #learnLetter(start: number, bytes: Buffer, client: number): void {
    this.learn(start, bytes);
    this.setAuthor(start + bytes.length, client);
  }

  #takeAhead(): void {
    for (const [start, { bytes, author }] of this.#ahead) {
      if (start > this.#length) continue;
      this.#ahead.delete(start);
      this.#learnLetter(start, bytes, author);
    }
  }

  #authorsKnownUpTo(end: number): number {
    let position = this.#passedOn;
    while (position < end) {
      const next = this.#nextLetter(position);
      if (this.#authors[position] === UNKNOWN_AUTHOR) return position;
      position = next;
    }
    return end;
  }

  /** A reply may have been cut within a letter. */
  #lastLetterEnd(): number {
    const start = this.#letterStart(this.#length);
    if (start < 0) return 0;
    const first = this.#bytes[start] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return start + length <= this.#length ? this.#length : start;
  }

  #letterStart(end: number): number {
    let start = end - 1;
    while (start > 0 && isContinuation(this.#bytes[start] ?? 0)) start -= 1;
    return start;
  }

  #letterBoundary(position: number): number {
    let boundary = position;
    while (boundary < this.#length && isContinuation(this.#bytes[boundary] ?? 0)) boundary += 1;
    return boundary;
  }

  #nextLetter(position: number): number {
    return this.#letterBoundary(position + 1);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const capacity = Math.min(MAX_BYTES, 2 * bytes);
    const [larger, authors] = [Buffer.alloc(capacity), new Uint32Array(capacity)];
    larger.set(this.#bytes);
    authors.set(this.#authors);
    [this.#bytes, this.#authors] = [larger, authors];
  }
}
