// Between what happens and the log: counts who is connected, was refused and stalled, and sees to it that whoever floods the
// server with connections does not flood its log too. The first refusal is told at once, after that once a second how
// many more there were; every other event goes through as it comes.

import type { LogEntry } from './log.js';

const SECOND_MS = 1_000;

export class Troubles {
  /** How many there were in all. */
  refused = 0;
  stalled = 0;
  /** How many clients there are now. */
  connected = 0;
  readonly #sink: (entry: LogEntry) => void;
  /** Runs since a refusal was told; until it ends they are only counted. */
  #second: NodeJS.Timeout | undefined;
  /** How many were only counted, and what to tell of them. */
  #more = 0;
  #untold: LogEntry | undefined;

  /** @param sink where everything goes on to */
  constructor(sink: (entry: LogEntry) => void) {
    this.#sink = sink;
  }

  pass(entry: LogEntry): void {
    const { event } = entry;
    if (event.type === 'came') this.connected += 1;
    if (event.type === 'closed') this.connected -= 1;
    if (event.type === 'closed' && event.reason === 'stalled') this.stalled += 1;
    if (event.type !== 'refused') {
      this.#sink(entry);
      return;
    }
    this.refused += 1;
    if (this.#second === undefined) {
      this.#tell(entry);
      return;
    }
    this.#more += 1;
    const { remote, reason } = event;
    this.#untold = { ...entry, event: { type: 'refused more', count: this.#more, remote, reason } };
  }

  /** Tells what has not been told: call it at the end. */
  flush(): void {
    clearTimeout(this.#second);
    if (this.#untold !== undefined) this.#sink(this.#untold);
    this.#untold = undefined;
  }

  #tell(entry: LogEntry): void {
    this.#sink(entry);
    this.#more = 0;
    this.#untold = undefined;
    this.#second = setTimeout(() => {
      this.#second = undefined;
      if (this.#untold !== undefined) this.#tell(this.#untold);
    }, SECOND_MS).unref();
  }
}
