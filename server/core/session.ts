// One client's life on the server, without any I/O: chunks of bytes in, ranges of the text out. The I/O model that owns the
// socket asks what the session wants next and does that: receive, send, wait until letters are durable, or close.
// A pending reply is one number, so a client that never reads costs a bounded amount of memory, however much it sends.

import { INCOMPLETE, isControl, LF, Utf8Decoder } from '../../shared/utf8.js';
import type { Closing } from './close-reason.js';
import { type Durability, MEMORY_ONLY } from './durability.js';
import { FULL, type Text } from './text.js';

/** The most replies that are pending; later letters stay undecoded, and are not yet in the text. */
export const MAX_PENDING_REPLIES = 1024;

/** No reply ends at offset 0, so among pending replies this number means LF: the byte before the text. */
const LINE_END = 0;

/** What the I/O model must do next: receive; send the `nextRange`; wait until letters are durable; close, as `closing` says. */
export type Want = 'input' | 'output' | 'durability' | 'close';

export class Session {
  readonly #text: Text;
  readonly #durability: Durability;
  readonly #decoder = new Utf8Decoder();
  /** What `append` returned, in the order of the letters: from `#next` to `#end` those of pending replies, the others are old. */
  readonly #pendingReplies: number[] = [];
  #next = 0;
  #end = 0;
  /** How many bytes of the reply at `#next` have been handed out. */
  #sent = 0;
  #inputEnded = false;
  #closing: Closing | undefined;
  /** The range of the text that `nextRange` has handed out last. */
  from = 0;
  to = 0;
  /** Letters of this client that are in the text, and control characters that were discarded. */
  letters = 0;
  controlCharacters = 0;

  constructor(text: Text, durability = MEMORY_ONLY) {
    this.#text = text;
    this.#durability = durability;
  }

  /** Input is wanted only when nothing is pending or undecoded: this is all the backpressure there is. */
  get wants(): Want {
    if (this.#next < this.#end) {
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

  /** Takes `length` bytes from the client; call it only when input is wanted. The chunk may be reused afterwards. */
  receive(chunk: Uint8Array, length = chunk.length, from = 0): void {
    if (this.#closing !== undefined) return;
    this.#decoder.feed(chunk, from, from + length);
    this.#decodeLetters();
    if (this.#decoder.unread > 0) this.#decoder.hold();
  }

  /** The client has ended its stream. What it sent so far is still answered. */
  end(): void {
    this.#inputEnded = true;
    if (this.#decoder.unread === 0) this.#closing ??= 'ended';
  }

  /** The server stops, or a letter was rejected: letters before are still answered, undecoded ones are discarded. */
  stop(why: Closing = 'stopped'): void {
    this.#closing ??= why;
    this.#decoder.discard();
  }

  /** Sets `from` and `to` to the next range for the client, at most `max` bytes; false: nothing can be written now. */
  nextRange(max: number): boolean {
    if (this.#next === this.#end && !this.#refill()) return false;
    const appended = this.#pendingReplies[this.#next] as number;
    if (appended > this.#durability.durableLength) return false;
    const offset = this.#text.offsetOf(appended);
    if (offset === FULL) {
      while (this.#end > this.#next) this.letters -= Number(this.#pendingReplies[--this.#end] !== LINE_END);
      this.stop('full'); // letters of other servers took its room
      return false;
    }
    this.from = offset === LINE_END ? LINE_END - 1 : this.#sent;
    this.to = Math.min(offset, this.from + max);
    this.#sent = this.to === offset ? 0 : this.to;
    if (this.to === offset) this.#next += 1;
    return true;
  }

  /** For the log: the letters whose replies are pending, and an LF for each line end. */
  get pendingLetters(): readonly string[] {
    return this.#pendingReplies.slice(this.#next, this.#end).map((pending) => this.#text.letterAt(pending));
  }

  /** For the log: how many bytes are undecoded, and whether a letter is incomplete. */
  get undecoded(): { readonly bytes: number; readonly midLetter: boolean } {
    return { bytes: this.#decoder.unread, midLetter: this.#decoder.midLetter };
  }

  /** No reply is pending any more: goes on with the undecoded letters. */
  #refill(): boolean {
    // Between letters an idle client keeps no long array; while letters are left, a new one each time would be garbage.
    if (this.#end > 16 && this.#decoder.unread === 0) this.#pendingReplies.length = 0;
    this.#next = 0;
    this.#end = 0;
    this.#decodeLetters();
    if (this.#inputEnded && this.#decoder.unread === 0) this.#closing ??= 'ended';
    return this.#end > 0;
  }

  #decodeLetters(): void {
    while (this.#end < MAX_PENDING_REPLIES) {
      const letter = this.#decoder.next();
      if (letter === INCOMPLETE) return;
      if (letter === LF) this.#pendingReplies[this.#end++] = LINE_END;
      else if (isControl(letter)) this.controlCharacters += 1;
      else this.#append(letter);
    }
  }

  #append(letter: number): void {
    const appended = this.#durability.rejection === undefined ? this.#text.append(letter) : FULL;
    if (appended === FULL) {
      this.stop(this.#durability.rejection ?? 'full');
    } else {
      this.letters += 1;
      this.#pendingReplies[this.#end++] = appended;
    }
  }
}
