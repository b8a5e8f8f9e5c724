// A session that hands out its output as bytes, for the tests that have no socket.

import { type Durability, MEMORY_ONLY } from '../../server/core/durability.js';
import { Session } from '../../server/core/session.js';
import type { Text } from '../../server/core/text.js';

export class ByteSession extends Session {
  readonly #text: Text;

  constructor(text: Text, durability: Durability = MEMORY_ONLY) {
    super(text, durability);
    this.#text = text;
  }

  /** The next bytes for the client, at most `max`: a view of the text's own memory; undefined when there are none. */
  nextOutput(max: number): Uint8Array | undefined {
    return this.nextRange(max) ? this.#text.view(this.from, this.to) : undefined;
  }
}
