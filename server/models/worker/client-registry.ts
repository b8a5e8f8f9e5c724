// The clients of a worker model as the main thread knows them: from the log entries that it has received so far.

import type { Address } from '../../../shared/address.js';
import type { CloseFailure } from '../../core/close-reason.js';
import type { LogEntry } from '../../log/events.js';

interface ClientSocket {
  readonly fd: number;
  readonly client: number;
}

export class ClientRegistry {
  /** Number of clients accepted so far. */
  accepted = 0;
  /** Sockets that are not released yet, by descriptor. */
  readonly sockets = new Map<number, ClientSocket>();
  /** Addresses of connected clients. */
  readonly #remotes = new Map<number, Address>();
  /** Why the main thread has disconnected a client; the client's I/O thread only sees a broken connection. */
  readonly #failures = new Map<number, CloseFailure>();

  get connected(): number {
    return this.#remotes.size;
  }

  addressOf(client: number): Address | undefined {
    return this.#remotes.get(client);
  }

  /** The main thread disconnects a client: its `closed` event will have this reason. */
  fail(client: number, failure: CloseFailure): void {
    this.#failures.set(client, failure);
  }

  /** Updates the registry from an event of an I/O thread. @returns the entry to log */
  update(entry: LogEntry): LogEntry {
    const { event } = entry;
    if (event.type === 'accepted') {
      const { client, remote, fd } = event;
      this.accepted += 1;
      this.#remotes.set(client, remote);
      if (fd !== undefined) this.sockets.set(fd, { fd, client });
    }
    if (event.type !== 'closed') return entry;
    const failure = this.#failures.get(event.client);
    this.#remotes.delete(event.client);
    this.#failures.delete(event.client);
    return { ...entry, event: { ...event, ...failure } };
  }
}
