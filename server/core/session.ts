// One client's life on the server, without any I/O: chunks of bytes in, views of bytes out. The I/O model that owns the
// socket asks what the session wants next and does that: receive, send, wait until letters are durable, or close.
// A pending reply is one number, so a client that never reads costs a bounded amount of memory, however much it sends.

import { INCOMPLETE, isControl, LF, lastLetter, Utf8Decoder } from '../../shared/utf8.js';
import { type Durability, MEMORY_ONLY } from './durability.js';
import { FULL, type Text } from './text.js';

/** The most replies that are pending; later letters stay undecoded, and are not yet in the text. */
export const MAX_PENDING_REPLIES = 1024;

/** No reply ends at offset 0, so among pending replies this number means LF. */
const LINE_END = 0;
const LINE_END_BYTES = Buffer.of(LF);

/** What the I/O model must do next: receive; send `nextOutput`; wait until letters are durable; close, as `closing` says. */
export type Want = 'input' | 'output' | 'durability' | 'close';

/** Why a session is over: its client ended the stream, the text or its disk is full, or the server stops. */
export type Closing = 'ended' | 'full' | 'disk full' | 'stopped';

export class Session {
  readonly #text: Text;
  readonly #durability: Durability;
  readonly #decoder = new Utf8Decoder();
  /** The offsets of pending replies, in the order of their letters. Those before `#next` have been handed out. */
  readonly #pendingReplies: number[] = [];
  #next = 0;
  /** How many bytes of the reply at `#next` have been handed out. */
  #sent = 0;
  #inputEnded = false;
  #closing: Closing | undefined;
  /** Letters of this client that are in the text, and control characters that were discarded. */
  letters = 0;
  controlCharacters = 0;

  constructor(text: Text, durability = MEMORY_ONLY) {
    this.#text = text;
    this.#durability = durability;
  }

  /** Input is wanted only when nothing is pending or undecoded: this is all the backpressure there is. */
  get wants(): Want {
    if (this.#next < this.#pendingReplies.length) {
      const next = this.#pendingReplies[this.#next] as number;
      return next > this.#durability.durableLength ? 'durability' : 'output';
    }
    if (this.#decoder.unread > 0) return 'output';
    return this.#closing === undefined ? 'input' : 'close';
  }

  /** Why to close the connection; undefined as long as it is not to be closed. */
  get closing(): Closing | undefined {
    return this.wants === 'close' ? this.#closing : undefined;
  }

  /** Takes bytes from the client; call it only when input is wanted. The chunk may be reused afterwards. */
  receive(chunk: Uint8Array): void {
    if (this.#closing !== undefined) return;
    this.#decoder.feed(chunk);
    this.#decodeLetters();
    if (this.#decoder.unread > 0) this.#decoder.hold();
  }

  /** The client has ended its stream. What it sent so far is still answered. */
  end(): void {
    this.#inputEnded = true;
    if (this.#decoder.unread === 0) this.#closing ??= 'ended';
  }

  /** The server stops: letters in the text are still answered, undecoded ones are discarded. */
  stop(): void {
    this.#closing ??= 'stopped';
    this.#decoder.discard();
  }

  /**
   * The next bytes for the client, in order; each byte is handed out once, and the caller must deliver it.
   * @param max the most bytes to return, above 0
   * @returns a view of the text's own memory, or undefined when nothing can be written now
   */
  nextOutput(max: number): Uint8Array | undefined {
    if (this.#next === this.#pendingReplies.length && !this.#refill()) return undefined;
    const offset = this.#pendingReplies[this.#next] as number;
    if (offset > this.#durability.durableLength) return undefined;
    const from = this.#sent;
    const to = Math.min(offset, from + max);
    this.#sent = to === offset ? 0 : to;
    if (to === offset) this.#next += 1;
    return offset === LINE_END ? LINE_END_BYTES : this.#text.view(from, to);
  }

  /** For the log: the letters whose replies are pending, and an LF for each line end. */
  get pendingLetters(): readonly string[] {
    const bytes = (offset: number) => (offset === LINE_END ? LINE_END_BYTES : this.#text.view(0, offset));
    return this.#pendingReplies.slice(this.#next).map((offset) => lastLetter(bytes(offset)));
  }

  /** For the log: how many bytes are undecoded, and whether a letter is incomplete. */
  get undecoded(): { readonly bytes: number; readonly midLetter: boolean } {
    return { bytes: this.#decoder.unread, midLetter: this.#decoder.midLetter };
  }

  /** No reply is pending any more: goes on with the undecoded letters. */
  #refill(): boolean {
    this.#pendingReplies.length = 0;
    this.#next = 0;
    this.#decodeLetters();
    if (this.#inputEnded && this.#decoder.unread === 0) this.#closing ??= 'ended';
    return this.#pendingReplies.length > 0;
  }

  /** Moves letters from the decoder to the text, until MAX_PENDING_REPLIES are pending. */
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
    const offset = this.#durability.readOnly ? FULL : this.#text.append(letter);
    if (offset === FULL) {
      this.#closing = this.#durability.readOnly ? 'disk full' : 'full';
      this.#decoder.discard();
    } else {
      this.letters += 1;
      this.#pendingReplies.push(offset);
    }
  }
}
