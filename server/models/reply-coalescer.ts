// What is to be sent to clients, in pieces that a call of the system is worth. A session hands out a view for each reply
// and one for each LF; short ones are copied together here, since a call for each would cost more than the copy. For the
// models that call send(2) themselves also what a send has left over: it comes first the next time (the tutorial's
// section 4.4).

import type { Session } from '../core/session.js';
import { MAX_WRITE_QUANTUM } from '../limits/write-scheduler.js';

/**
 * Longer replies go out as they are: their LF alone costs less than another copy. A client that does not read can keep
 * so much of our memory from us.
 */
const SHORT_BYTES = 32 * 1024;

/** Puts together what one client after the other is owed. */
export class ReplyCoalescer {
  readonly #disabled: boolean;
  #buffer = Buffer.allocUnsafeSlow(SHORT_BYTES);

  /** @param apart nothing is put together: a reply and its LF are two pieces */
  constructor(apart: boolean) {
    this.#disabled = apart;
  }

  /** The next piece; undefined when there is none. The piece after it takes its place, unless given away. */
  next(session: Session): Uint8Array | undefined {
    const first = session.nextOutput(MAX_WRITE_QUANTUM);
    if (first === undefined || this.#disabled || first.length >= SHORT_BYTES) return first;
    let length = first.length;
    let following = session.nextOutput(SHORT_BYTES - length);
    if (following === undefined) return first;
    this.#buffer.set(first);
    while (following !== undefined) {
      this.#buffer.set(following, length);
      length += following.length;
      following = length < SHORT_BYTES ? session.nextOutput(SHORT_BYTES - length) : undefined;
    }
    return this.#buffer.subarray(0, length);
  }

  /** The last piece is not out yet, so whoever has it keeps it. */
  detach(): void {
    this.#buffer = Buffer.allocUnsafeSlow(SHORT_BYTES);
  }
}

/** One client's pieces, for the models that call send(2) themselves. */
export class PendingWrite {
  readonly #session: Session;
  readonly #gather: ReplyCoalescer;
  #bytes: Uint8Array | undefined;

  constructor(session: Session, gather: ReplyCoalescer) {
    this.#session = session;
    this.#gather = gather;
  }

  /** The bytes to send now: what a send has left over, or else the next piece. */
  next(): Uint8Array | undefined {
    this.#bytes ??= this.#gather.next(this.#session);
    return this.#bytes;
  }

  /** Of the bytes to send, so many were taken; none at EAGAIN. */
  consume(count: number): void {
    const left = this.#bytes?.subarray(Math.max(0, count));
    this.#bytes = left?.length === 0 ? undefined : left;
    if (this.waiting) this.#gather.detach();
  }

  /** Whether a send has left something over. */
  get waiting(): boolean {
    return this.#bytes !== undefined;
  }
}
