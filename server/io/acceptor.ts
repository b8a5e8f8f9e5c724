// The listening socket, for the models that call accept(2) themselves: takes who may come in, refuses who may not.

import { EAGAIN, POLLIN, PollList, posix, SHUT_RDWR } from '../../shared/posix.js';
import { NOBODY } from './control.js';
import type { AcceptedClient, IoThread } from './io-thread.js';
import { tooMany } from './limits.js';

export class Acceptor {
  readonly #thread: IoThread;
  readonly #nonblocking: boolean;
  readonly #pollList = new PollList(1);
  #accepted = 0;

  /** @param flags whether the connected sockets shall not block; the listening one never does */
  constructor(thread: IoThread, flags: { readonly O_NONBLOCK: boolean }) {
    this.#thread = thread;
    this.#nonblocking = flags.O_NONBLOCK;
  }

  /** Whether anybody may still come: not when the server stops, nor after --clients. */
  get open(): boolean {
    return this.#accepted !== this.#thread.options.clients && !this.#thread.control.stopping;
  }

  /** Sleeps until somebody waits to be accepted, or the server stops. */
  wait(): void {
    const { control, listener } = this.#thread;
    this.#pollList.set(0, listener, POLLIN);
    if (control.sleepOn(NOBODY, listener)) posix().poll(this.#pollList, 1, -1);
  }

  /**
   * Takes one client that waits. Somebody refused is told to nobody but the log.
   * @param connected how many are connected now
   * @returns undefined when nobody waits who may come in
   */
  accept(connected: number): AcceptedClient | undefined {
    const { listener, options, log } = this.#thread;
    while (this.open) {
      const accepted = posix().accept(listener, { nonblocking: this.#nonblocking, nagle: options.nagle });
      if (accepted === EAGAIN) return undefined;
      const { fd, remote } = accepted;
      if (connected < options.maxConnections) {
        this.#accepted += 1;
        const id = this.#accepted;
        if (id === options.clients) posix().shutdown(listener, SHUT_RDWR); // nobody else may connect
        log.record({ type: 'came', client: id, remote, local: posix().localAddress(fd), fd });
        return { id, fd, remote };
      }
      posix().close(fd);
      log.record({ type: 'refused', remote, reason: tooMany(options.maxConnections) });
    }
    return undefined;
  }
}
