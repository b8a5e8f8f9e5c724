// What is written to clients, in buffers that are worth a system call. A session returns a view for each reply and one
// for each LF; short ones are copied into one buffer, since a call for each would cost more than the copy. For the models
// that call send(2) themselves, also what a short send left over: it is sent first the next time (the tutorial's
// section 4.4).

import type { Session, Want } from '../core/session.js';
import { MAX_WRITE_QUANTUM } from '../limits/write-scheduler.js';

/**
 * Longer replies are written from the text's own memory: a second write for their LF costs less than the copy. This is
 * also how much of our memory a client can keep that does not read.
 */
const COALESCED_BYTES = 32 * 1024;

/** Coalesces the output of one session after the other. */
export class ReplyCoalescer {
  readonly #disabled: boolean;
  #buffer = Buffer.allocUnsafeSlow(COALESCED_BYTES);

  /** @param disabled a reply and its LF stay two writes */
  constructor(disabled: boolean) {
    this.#disabled = disabled;
  }

  /** The next output of a session; undefined when it has none. Valid until the next call, unless detached. */
  next(session: Session): Uint8Array | undefined {
    const first = session.nextOutput(MAX_WRITE_QUANTUM);
    if (first === undefined || this.#disabled || first.length >= COALESCED_BYTES) return first;
    let length = first.length;
    let following = session.nextOutput(COALESCED_BYTES - length);
    if (following === undefined) return first;
    this.#buffer.set(first);
    while (following !== undefined) {
      this.#buffer.set(following, length);
      length += following.length;
      following = length < COALESCED_BYTES ? session.nextOutput(COALESCED_BYTES - length) : undefined;
    }
    return this.#buffer.subarray(0, length);
  }

  /** Keeps the last output valid: the next one gets a buffer of its own. */
  detach(): void {
    this.#buffer = Buffer.allocUnsafeSlow(COALESCED_BYTES);
  }
}

/** One client's output, for the models that call send(2) themselves. */
export class PendingWrite {
  readonly #session: Session;
  readonly #coalescer: ReplyCoalescer;
  #bytes: Uint8Array | undefined;

  constructor(session: Session, coalescer: ReplyCoalescer) {
    this.#session = session;
    this.#coalescer = coalescer;
  }

  /** What the session wants, once what a send left over is sent. */
  get wants(): Want {
    return this.#bytes === undefined ? this.#session.wants : 'output';
  }

  /** The bytes to send now: what a send left over, or else the session's next output. */
  next(): Uint8Array | undefined {
    this.#bytes ??= this.#coalescer.next(this.#session);
    return this.#bytes;
  }

  /** @param count how many of the bytes were sent; negative at EAGAIN: none */
  consume(count: number): void {
    const left = this.#bytes?.subarray(Math.max(0, count));
    this.#bytes = left?.length === 0 ? undefined : left;
    if (this.#bytes !== undefined) this.#coalescer.detach();
  }
}
