// One client's output, for the models that call sendmsg(2) themselves: pending replies where they lie, in the text's own
// memory, and before them what a short send left over (the tutorial's section 4.4). Nothing is copied but by the kernel.

import * as libc from '../../shared/libc/sockets.js';
import type { Session, Want } from '../core/session.js';
import type { Text } from '../core/text.js';
import { HEADER_BYTES } from '../core/text-buffer.js';
import { MAX_WRITE_QUANTUM } from '../limits/write-scheduler.js';

/** Ranges of the text in one message, of the 1,024 that Linux takes. */
export const MAX_RANGES = 64;
/** A long reply and its LF: sent apart, they would wake the client twice. */
const MIN_RANGES = 2;

/** Gathers the output of one session of a text after the other. */
export class ReplyGatherer {
  /** Of the client that is being served. */
  readonly message = libc.createMessage(MAX_RANGES);
  readonly #textAddress: number;
  readonly #separate: boolean;

  /** @param separate a reply and its LF are two messages */
  constructor(text: Text, separate: boolean) {
    this.#textAddress = libc.addressOf(new Uint8Array(text.memory)) + HEADER_BYTES;
    this.#separate = separate;
  }

  /** Adds a session's next output to a message, until that has about `quantum` bytes. */
  fill(message: libc.Message, session: Session, quantum: number): void {
    const [min, max] = this.#separate ? [1, 1] : [MIN_RANGES, MAX_RANGES];
    while (message.count < min || (message.count < max && message.length < quantum)) {
      if (!session.nextRange(MAX_WRITE_QUANTUM)) return;
      message.add(this.#textAddress + session.from, session.to - session.from);
    }
  }
}

export class PendingWrite {
  readonly #session: Session;
  readonly #gatherer: ReplyGatherer;
  /** What a send left over: addresses and lengths in turn. */
  #left: readonly number[] = [];

  constructor(session: Session, gatherer: ReplyGatherer) {
    this.#session = session;
    this.#gatherer = gatherer;
  }

  /** What the session wants, once what a send left over is sent. */
  get wants(): Want {
    return this.#left.length === 0 ? this.#session.wants : 'output';
  }

  /** The message to send now; undefined: there is none. Valid until the next call for any client. */
  next(quantum: number): libc.Message | undefined {
    const { message } = this.#gatherer;
    message.clear();
    for (let i = 0; i < this.#left.length; i += 2) {
      message.add(this.#left[i] as number, this.#left[i + 1] as number);
    }
    this.#gatherer.fill(message, this.#session, quantum);
    return message.count === 0 ? undefined : message;
  }

  /** @param count how many bytes of the message were sent; negative at EAGAIN: none */
  consume(count: number): void {
    const { message } = this.#gatherer;
    if (count < message.length) this.#left = message.rest(Math.max(0, count));
    else if (this.#left.length > 0) this.#left = [];
  }
}
