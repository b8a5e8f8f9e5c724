// A filter before the log: it counts connected, rejected and stalled clients, and limits the rate of `rejected` events, so
// that a flood of connections does not flood the log. The first rejection passes at once, then one summary per second; all
// other events pass unchanged.

import type { LogEntry } from './events.js';

const SECOND_MS = 1_000;

export class RejectionRateLimiter {
  /** Totals since the start. */
  rejected = 0;
  stalled = 0;
  /** Clients connected now. */
  connected = 0;
  readonly #sink: (entry: LogEntry) => void;
  /** Runs for a second after each logged rejection; until then further ones are only counted. */
  #timer: NodeJS.Timeout | undefined;
  /** Rejections counted since the last logged one, and their summary. */
  #suppressed = 0;
  #summary: LogEntry | undefined;

  /** @param sink receives the events that pass */
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
    if (this.#timer === undefined) {
      this.#log(entry);
      return;
    }
    this.#suppressed += 1;
    const { remote, reason } = event;
    this.#summary = { ...entry, event: { type: 'rejectedSummary', count: this.#suppressed, remote, reason } };
  }

  /** Logs the pending summary; call it at the end. */
  flush(): void {
    clearTimeout(this.#timer);
    if (this.#summary !== undefined) this.#sink(this.#summary);
    this.#summary = undefined;
  }

  #log(entry: LogEntry): void {
    this.#sink(entry);
    this.#suppressed = 0;
    this.#summary = undefined;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#summary !== undefined) this.#log(this.#summary);
    }, SECOND_MS).unref();
  }
}
