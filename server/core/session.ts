// One client's life on the server, without any I/O: chunks of bytes in, views of bytes out. Whoever owns the socket
// asks wantsInput before it reads, hands over what it read, and writes what nextOutput gives until nothing comes.
// A reply owed is one number, so what a client that never reads costs has a bound, however much it has sent.

import { INCOMPLETE, isControl, LF, lastLetter, Utf8Decoder } from '../../shared/utf8.js';
import { FULL, type Text } from './text.js';

/** At most so many replies are owed; the letters after them are held, and are not yet in the text. */
export const MAX_PENDING_REPLIES = 1024;

/** No reply ends at offset 0, so in the queue of replies owed this number means LF. */
const LINE_END = 0;
const LINE_END_BYTES = Buffer.of(LF);

/** Why a session is over: its client ended the stream, the text or its disk is full, or the server stops. */
export type Closing = 'ended' | 'full' | 'disk full' | 'stopped';

export class Session {
  readonly #text: Text;
  readonly #decoder = new Utf8Decoder();
  /** The offsets of the replies owed, in the order of their letters. Up to `#next` they have been handed out. */
  readonly #pendingReplies: number[] = [];
  #next = 0;
  /** How many bytes of the reply at `#next` have been handed out. */
  #sent = 0;
  #inputEnded = false;
  #closing: Closing | undefined;
  /** Letters of this client that are in the text, and control characters that were thrown away. */
  letters = 0;
  controlCharacters = 0;

  constructor(text: Text) {
    this.#text = text;
  }

  /** While replies or held letters wait, the client is not read from: this is all the backpressure there is. */
  get wantsInput(): boolean {
    return this.#next === this.#pendingReplies.length && this.#decoder.unread === 0;
  }

  /** Why to close this client; undefined as long as there is something to wait for or to write. */
  get closing(): Closing | undefined {
    return this.wantsInput ? this.#closing : undefined;
  }

  /** Takes bytes from the client; call it only when `wantsInput`. The chunk may be reused afterwards. */
  receive(chunk: Uint8Array): void {
    if (this.#closing !== undefined) return;
    this.#decoder.feed(chunk);
    this.#decodeLetters();
    if (this.#decoder.unread > 0) this.#decoder.hold();
  }

  /** The client sends no more. What it sent so far is still answered. */
  end(): void {
    this.#inputEnded = true;
    if (this.#decoder.unread === 0) this.#closing ??= 'ended';
  }

  /** The server stops: letters in the text are still answered, held ones never get there. */
  stop(): void {
    this.#closing ??= 'stopped';
    this.#decoder.discard();
  }

  /**
   * The next bytes for the client, in order; each byte is handed out once, and the caller sees to it that it arrives.
   * @param max at most so many bytes, above 0
   * @returns a view of the text's own memory, or undefined when nothing can be written now
   */
  nextOutput(max: number): Uint8Array | undefined {
    if (this.#next === this.#pendingReplies.length && !this.#refill()) return undefined;
    const offset = this.#pendingReplies[this.#next] as number;
    if (offset > this.#text.durableLength) return undefined;
    const from = this.#sent;
    const to = Math.min(offset, from + max);
    this.#sent = to === offset ? 0 : to;
    if (to === offset) this.#next += 1;
    return offset === LINE_END ? LINE_END_BYTES : this.#text.view(from, to);
  }

  /** For those who watch: the letters whose replies wait, and an LF for each line end. */
  get pendingLetters(): readonly string[] {
    const bytes = (offset: number) => (offset === LINE_END ? LINE_END_BYTES : this.#text.view(0, offset));
    return this.#pendingReplies.slice(this.#next).map((offset) => lastLetter(bytes(offset)));
  }

  /** For those who watch: how many bytes wait to be looked at, and whether part of a letter waits for the rest. */
  get undecoded(): { readonly bytes: number; readonly midLetter: boolean } {
    return { bytes: this.#decoder.unread, midLetter: this.#decoder.midLetter };
  }

  /** All that was owed has been handed out: makes room, and goes on with the held letters. */
  #refill(): boolean {
    this.#pendingReplies.length = 0;
    this.#next = 0;
    this.#decodeLetters();
    if (this.#inputEnded && this.#decoder.unread === 0) this.#closing ??= 'ended';
    return this.#pendingReplies.length > 0;
  }

  /** Moves letters from the decoder to the text, as long as a reply may be owed for each. */
  #decodeLetters(): void {
    while (this.#pendingReplies.length < MAX_PENDING_REPLIES) {
      const letter = this.#decoder.next();
      if (letter === INCOMPLETE) return;
      if (letter === LF) this.#pendingReplies.push(LINE_END);
      else if (isControl(letter)) this.controlCharacters += 1;
      else this.#append(letter);
    }
  }

  #append(letter: number): void {
    const offset = this.#text.append(letter);
    if (offset === FULL) {
      this.#closing = this.#text.readOnly ? 'disk full' : 'full';
      this.#decoder.discard();
    } else {
      this.letters += 1;
      this.#pendingReplies.push(offset);
    }
  }
}
