// Between what happens and the log: counts who is connected, was refused and stalled, and sees to it that whoever floods the
// server with connections does not flood its log too. The first refusal is told at once, after that once a second how
// many more there were; every other event goes through as it comes.

import type { LogEntry } from './events.js';

const SECOND_MS = 1_000;

export class RejectionRateLimiter {
  /** How many there were in all. */
  rejected = 0;
  stalled = 0;
  /** How many clients there are now. */
  connected = 0;
  readonly #sink: (entry: LogEntry) => void;
  /** Runs since a refusal was told; until it ends they are only counted. */
  #second: NodeJS.Timeout | undefined;
  /** How many were only counted, and what to tell of them. */
  #more = 0;
  #summary: LogEntry | undefined;

  /** @param sink where everything goes on to */
  constructor(sink: (entry: LogEntry) => void) {
    this.#sink = sink;
  }

  pass(entry: LogEntry): void {
    const { event } = entry;
    if (event.type === 'accepted') this.connected += 1;
    if (event.type === 'closed') this.connected -= 1;
    if (event.type === 'closed' && event.reason === 'stalled') this.stalled += 1;
    if (event.type !== 'rejected') {
      this.#sink(entry);
      return;
    }
    this.rejected += 1;
    if (this.#second === undefined) {
      this.#log(entry);
      return;
    }
    this.#more += 1;
    const { remote, reason } = event;
    this.#summary = { ...entry, event: { type: 'rejectedSummary', count: this.#more, remote, reason } };
  }

  /** Tells what has not been told: call it at the end. */
  flush(): void {
    clearTimeout(this.#second);
    if (this.#summary !== undefined) this.#sink(this.#summary);
    this.#summary = undefined;
  }

  #log(entry: LogEntry): void {
    this.#sink(entry);
    this.#more = 0;
    this.#summary = undefined;
    this.#second = setTimeout(() => {
      this.#second = undefined;
      if (this.#summary !== undefined) this.#log(this.#summary);
    }, SECOND_MS).unref();
  }
}
