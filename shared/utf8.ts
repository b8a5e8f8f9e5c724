// Incremental UTF-8 decoding, and encoding of one letter. A letter is a number, its Unicode code point; no string is created.
// The decoder keeps an unfinished letter until the next chunk, so it does not matter how TCP cuts the stream. Line ends and
// control characters are letters like any other here.

/** What `next` returns at the end of the chunk, possibly within a letter. */
export const INCOMPLETE = -1;

export const LF = 0x0a;
const REPLACEMENT = 0xfffd;
/** The high bits of the first byte of a letter of 1, 2, 3 and 4 bytes. */
const LEAD_BITS = [0x00, 0xc0, 0xe0, 0xf0];
const NOTHING = new Uint8Array(0);

/** Whether a code point is a control character: C0, DEL or C1 (Unicode's general category Cc). */
export function isControl(letter: number): boolean {
  return letter < 0x20 || (letter >= 0x7f && letter <= 0x9f);
}

/** Whether a text is one letter: a Unicode scalar value that is not a control character. */
export function isLetter(text: string): boolean {
  const letter = text.codePointAt(0);
  if (letter === undefined || isControl(letter)) return false;
  return text === String.fromCodePoint(letter) && text.isWellFormed();
}

/** How many bytes a letter takes, 1 to 4 (RFC 3629, section 3). */
export function encodedLength(letter: number): number {
  if (letter < 0x80) return 1;
  if (letter < 0x800) return 2;
  return letter < 0x10000 ? 3 : 4;
}

/** Writes a letter's bytes at an index; TextEncoder would need a string for each letter. */
export function encode(letter: number, bytes: Uint8Array, at: number): void {
  const length = encodedLength(letter);
  let rest = letter;
  for (let i = at + length - 1; i > at; i -= 1) {
    bytes[i] = 0x80 | (rest & 0x3f);
    rest >>= 6;
  }
  bytes[at] = (LEAD_BITS[length - 1] as number) | rest;
}

/** The last letter of a text in UTF-8, which must not be empty. */
export function lastLetter(utf8: Uint8Array): string {
  let start = utf8.length - 1;
  while (isContinuation(utf8[start] as number)) start -= 1;
  return Buffer.from(utf8.subarray(start)).toString();
}

export function countLetters(utf8: Uint8Array): number {
  let letters = 0;
  for (const byte of utf8) if (!isContinuation(byte)) letters += 1;
  return letters;
}

/** Whether a byte of UTF-8 belongs to a letter that began before it. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * The UTF-8 decoder of the WHATWG Encoding standard (section 8.1.1), pulled letter by letter. Bytes that are not
 * UTF-8 become U+FFFD, once per maximal subpart; a byte order mark is a letter like any other.
 */
export class Utf8Decoder {
  #chunk: Uint8Array = NOTHING;
  #position = 0;
  #end = 0;
  /** The bits of the unfinished letter so far; meaningful while `#needed` is above 0. */
  #codePoint = 0;
  /** How many bytes of the unfinished letter are missing. */
  #needed = 0;
  /** The range of the next continuation byte; it excludes overlong forms and surrogates. */
  #lower = 0x80;
  #upper = 0xbf;

  /** Sets the next chunk, or part of one, which is read in place. The previous one must be used up. */
  feed(chunk: Uint8Array, from = 0, to = chunk.length): void {
    this.#chunk = chunk;
    this.#position = from;
    this.#end = to;
  }

  /** The next code point, or INCOMPLETE. */
  next(): number {
    while (this.#position < this.#end) {
      const byte = this.#chunk[this.#position] as number;
      if (this.#needed === 0) {
        this.#position += 1;
        if (byte < 0x80) return byte;
        if (!this.#lead(byte)) return REPLACEMENT;
      } else if (byte < this.#lower || byte > this.#upper) {
        this.#startAnew(0);
        return REPLACEMENT; // the byte is decoded again, as the start of the next letter
      } else {
        this.#position += 1;
        this.#lower = 0x80;
        this.#upper = 0xbf;
        this.#codePoint = (this.#codePoint << 6) | (byte & 0x3f);
        this.#needed -= 1;
        if (this.#needed === 0) return this.#codePoint;
      }
    }
    return INCOMPLETE;
  }

  /** How many bytes of the chunk are not decoded yet. */
  get unread(): number {
    return this.#end - this.#position;
  }

  /** Whether a letter is unfinished. */
  get midLetter(): boolean {
    return this.#needed > 0;
  }

  /** Copies the unread bytes, before the chunk's memory is reused. */
  hold(): void {
    this.feed(new Uint8Array(this.#chunk.subarray(this.#position, this.#end))); // a Buffer's own slice() would not copy
  }

  /** Drops the unread bytes and the unfinished letter. */
  discard(): void {
    this.feed(NOTHING);
    this.#startAnew(0);
  }

  /** Begins a letter of several bytes. False: no letter begins with this byte. */
  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    if (byte < 0xe0) this.#startAnew(1, byte & 0x1f);
    else if (byte < 0xf0) this.#startAnew(2, byte & 0x0f);
    else this.#startAnew(3, byte & 0x07);
    if (byte === 0xe0) this.#lower = 0xa0;
    if (byte === 0xed) this.#upper = 0x9f;
    if (byte === 0xf0) this.#lower = 0x90;
    if (byte === 0xf4) this.#upper = 0x8f;
    return true;
  }

  #startAnew(needed: number, codePoint = 0): void {
    this.#needed = needed;
    this.#codePoint = codePoint;
    this.#lower = 0x80;
    this.#upper = 0xbf;
  }
}
