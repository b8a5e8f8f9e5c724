// What is still to be sent to one client, for the models that call send(2) themselves: a send may take only a part, and
// the rest comes first the next time (the tutorial's section 4.4).

import type { Session } from '../session.js';
import { TURN_BYTES } from './limits.js';

export class Output {
  readonly #session: Session;
  #bytes: Uint8Array | undefined;
  #following: Uint8Array | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The bytes to send now, at most TURN_BYTES; undefined when there is nothing. */
  get bytes(): Uint8Array | undefined {
    this.#bytes ??= this.#session.nextOutput(TURN_BYTES);
    return this.#bytes;
  }

  /** Whether more follows these bytes at once, so that the kernel may wait for it: a reply and its LF leave together. */
  get more(): boolean {
    this.#following ??= this.#session.nextOutput(TURN_BYTES);
    return this.#following !== undefined;
  }

  /** Of the bytes to send, so many were taken. */
  taken(count: number): void {
    if (this.#bytes === undefined || count < this.#bytes.length) {
      this.#bytes = this.#bytes?.subarray(count);
    } else {
      this.#bytes = this.#following;
      this.#following = undefined;
    }
  }

  /** Whether a send has left something over. */
  get waiting(): boolean {
    return this.#bytes !== undefined;
  }
}
