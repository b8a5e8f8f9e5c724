// What `events` writes to clients, in buffers that are worth a system call. Short replies and their LFs are copied into
// one buffer, since a write for each would cost more than the copy. Every reply starts with the same bytes as the one
// before, so only what is new is copied. Long replies are written from the text's own memory.

import type { Writable } from 'node:stream';
import { LF } from '../../shared/utf8.js';
import type { Session } from '../core/session.js';
import type { Text } from '../core/text.js';
import { MAX_WRITE_QUANTUM } from '../limits/write-scheduler.js';

/** Longer replies are not copied. This is also how much of our memory a client can keep that does not read. */
const COALESCED_BYTES = 32 * 1024;

/** Coalesces the output of one session of a text after the other. */
export class ReplyCoalescer {
  readonly #text: Text;
  readonly #disabled: boolean;
  #buffer = Buffer.allocUnsafeSlow(COALESCED_BYTES);
  /** The buffer starts with this many bytes of the text's beginning. */
  #prefix = 0;

  /** @param disabled a reply and its LF stay two writes */
  constructor(text: Text, disabled: boolean) {
    this.#text = text;
    this.#disabled = disabled;
  }

  /**
   * Writes the next output of a session to its socket, a long reply and its LF in one system call: two of them would
   * wake the client twice.
   * @returns how many bytes; 0 when there is no output
   */
  write(session: Session, socket: Writable): number {
    const output = this.next(session);
    if (output === undefined) return 0;
    const more = output.length > COALESCED_BYTES && !this.#disabled ? this.next(session) : undefined;
    if (more === undefined) {
      socket.write(output);
    } else {
      socket.cork();
      socket.write(output);
      socket.write(more);
      socket.uncork();
    }
    if (socket.writableLength > 0) this.#detach();
    return output.length + (more?.length ?? 0);
  }

  /** The next output of a session; undefined when it has none. Valid until the next call. */
  next(session: Session): Uint8Array | undefined {
    if (!session.nextRange(MAX_WRITE_QUANTUM)) return undefined;
    const { from, to } = session;
    if (this.#disabled || to - from > COALESCED_BYTES) return this.#text.view(from, to);
    let length = 0;
    do length = this.#copy(session.from, session.to, length);
    while (length < COALESCED_BYTES && session.nextRange(COALESCED_BYTES - length));
    return this.#buffer.subarray(0, length);
  }

  /** Copies a range of the text to a place in the buffer. @returns where it ends there */
  #copy(from: number, to: number, at: number): number {
    const known = at === 0 && from === 0 ? Math.min(this.#prefix, to) : 0;
    if (from < 0) this.#buffer[at] = LF;
    else if (known < to - from) this.#buffer.set(this.#text.view(from + known, to), at + known);
    this.#prefix = at === 0 && from === 0 ? Math.max(this.#prefix, to) : Math.min(this.#prefix, at);
    return at + to - from;
  }

  /** The last output is not written yet: the next one gets a buffer of its own. */
  #detach(): void {
    this.#buffer = Buffer.allocUnsafeSlow(COALESCED_BYTES);
    this.#prefix = 0;
  }
}
