// The listening socket, for the models that call accept(2) themselves: accepts admitted clients, rejects the others, and
// pauses while the process has no file descriptor for one more.

import * as libc from '../../../shared/libc/sockets.js';
import { ACCEPT_BACKOFF_MS, Admission } from '../../limits/admission.js';
import { KEEP_ALIVE_SECONDS } from '../../limits/stall-detector.js';
import { NO_CLIENT } from './control-block.js';
import type { AcceptedClient, WorkerContext } from './worker-context.js';

/** For poll(2). */
const NO_TIMEOUT = -1;

export class Acceptor {
  readonly #thread: WorkerContext;
  readonly #nonblocking: boolean;
  readonly #admission: Admission;
  readonly #pollList = new libc.PollList(1);
  #accepted = 0;
  /** When accepting resumes, in milliseconds of performance.now(). */
  #pausedUntil = 0;
  #warned = false;

  /** @param flags of connected sockets; the listening socket is nonblocking */
  constructor(thread: WorkerContext, flags: { readonly O_NONBLOCK: boolean }) {
    this.#thread = thread;
    this.#nonblocking = flags.O_NONBLOCK;
    this.#admission = new Admission(thread.options);
  }

  /** Whether more clients are accepted: not while the server stops, nor after `clients`. */
  get open(): boolean {
    return this.#accepted !== this.#thread.options.clients && !this.#thread.control.stopping;
  }

  /** Puts the listening socket into a list for poll(2); while accepting is paused, only to learn of its shutdown. */
  list(pollList: libc.PollList, at: number): void {
    pollList.set(
      at,
      this.open ? this.#thread.listener : libc.IGNORED_FD,
      this.#pauseMs > 0 ? 0 : libc.POLLIN,
    );
  }

  /** The timeout of poll(2) on that list. */
  get sleepMs(): number {
    return this.#pauseMs > 0 ? this.#pauseMs : NO_TIMEOUT;
  }

  /** Sleeps until a connection may be waiting, or the server stops. */
  wait(): void {
    const { control, listener } = this.#thread;
    this.list(this.#pollList, 0);
    if (control.announceWait(NO_CLIENT, listener)) libc.poll(this.#pollList, 1, this.sleepMs);
  }

  /**
   * Accepts one waiting connection. Rejected ones are closed and logged.
   * @param connected the number of connected clients
   * @returns undefined if no admitted client is waiting
   */
  accept(connected: number): AcceptedClient | undefined {
    const { listener, options, log } = this.#thread;
    const flags = { nonblocking: this.#nonblocking, nagle: options.nagle, keepAlive: KEEP_ALIVE_SECONDS };
    while (this.open && this.#pauseMs === 0) {
      const accepted = libc.accept(listener, flags);
      if (accepted === libc.EAGAIN) return undefined;
      if (accepted === libc.NO_RESOURCES) return this.#pause();
      const { fd, remote } = accepted;
      const rejection = this.#admission.rejection(remote, connected);
      if (rejection === undefined) {
        this.#accepted += 1;
        const id = this.#accepted;
        if (id === options.clients) libc.shutdown(listener, libc.SHUT_RDWR); // no more connections
        log.record({ type: 'accepted', client: id, remote, local: libc.localAddress(fd), fd });
        return { id, fd, remote };
      }
      libc.close(fd);
      log.record({ type: 'rejected', remote, ...rejection });
    }
    return undefined;
  }

  #pause(): undefined {
    this.#pausedUntil = performance.now() + ACCEPT_BACKOFF_MS;
    if (this.#warned) return;
    this.#warned = true;
    const message = 'no file descriptor is free: new clients wait until a client disconnects (see ulimit -n)';
    this.#thread.log.record({ type: 'warning', message });
  }

  get #pauseMs(): number {
    return Math.max(0, Math.ceil(this.#pausedUntil - performance.now()));
  }
}
