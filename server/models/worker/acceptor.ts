// The listening socket, for the models that call accept(2) themselves: takes who may come in, refuses who may not, and
// leaves those who wait alone for a while when there is no descriptor for them.

import { EAGAIN, IGNORED_FD, libc, NO_RESOURCES, POLLIN, SHUT_RDWR } from '../../../shared/libc/libc.js';
import { PollList } from '../../../shared/libc/structs.js';
import { ACCEPT_BACKOFF_MS, Admission } from '../../limits/admission.js';
import { KEEP_ALIVE_SECONDS } from '../../limits/stall-detector.js';
import { NO_CLIENT } from './control-block.js';
import type { AcceptedClient, WorkerContext } from './worker-context.js';

/** For poll(2): no end. */
const FOR_EVER = -1;

export class Acceptor {
  readonly #thread: WorkerContext;
  readonly #nonblocking: boolean;
  readonly #admission: Admission;
  readonly #pollList = new PollList(1);
  #accepted = 0;
  /** Until then nobody is accepted, by the monotonic clock in milliseconds. */
  #restsUntil = 0;
  #warned = false;

  /** @param flags whether the connected sockets shall not block; the listening one never does */
  constructor(thread: WorkerContext, flags: { readonly O_NONBLOCK: boolean }) {
    this.#thread = thread;
    this.#nonblocking = flags.O_NONBLOCK;
    this.#admission = new Admission(thread.options);
  }

  /** Whether anybody may still come: not when the server stops, nor after --clients. */
  get open(): boolean {
    return this.#accepted !== this.#thread.options.clients && !this.#thread.control.stopping;
  }

  /** Puts the listening socket into a list for poll(2). While it rests, nothing but its shutdown is waited for. */
  list(pollList: PollList, at: number): void {
    pollList.set(at, this.open ? this.#thread.listener : IGNORED_FD, this.#restMs > 0 ? 0 : POLLIN);
  }

  /** How long poll(2) may sleep on that list: for ever, or until the rest is over. */
  get sleepMs(): number {
    return this.#restMs > 0 ? this.#restMs : FOR_EVER;
  }

  /** Sleeps until somebody may wait to be accepted, or the server stops. */
  wait(): void {
    const { control, listener } = this.#thread;
    this.list(this.#pollList, 0);
    if (control.announceWait(NO_CLIENT, listener)) libc().poll(this.#pollList, 1, this.sleepMs);
  }

  /**
   * Takes one client that waits. Somebody refused is told to nobody but the log.
   * @param connected how many are connected now
   * @returns undefined when nobody waits who may come in
   */
  accept(connected: number): AcceptedClient | undefined {
    const { listener, options, log } = this.#thread;
    const flags = { nonblocking: this.#nonblocking, nagle: options.nagle, keepAlive: KEEP_ALIVE_SECONDS };
    while (this.open && this.#restMs === 0) {
      const accepted = libc().accept(listener, flags);
      if (accepted === EAGAIN) return undefined;
      if (accepted === NO_RESOURCES) return this.#rest();
      const { fd, remote } = accepted;
      const reason = this.#admission.rejectionReason(remote, connected);
      if (reason === undefined) {
        this.#accepted += 1;
        const id = this.#accepted;
        if (id === options.clients) libc().shutdown(listener, SHUT_RDWR); // nobody else may connect
        log.record({ type: 'accepted', client: id, remote, local: libc().localAddress(fd), fd });
        return { id, fd, remote };
      }
      libc().close(fd);
      log.record({ type: 'rejected', remote, reason });
    }
    return undefined;
  }

  #rest(): undefined {
    this.#restsUntil = performance.now() + ACCEPT_BACKOFF_MS;
    if (this.#warned) return;
    this.#warned = true;
    const message = 'no descriptor is free: who comes now waits until somebody leaves (see ulimit -n)';
    this.#thread.log.record({ type: 'warning', message });
  }

  get #restMs(): number {
    return Math.max(0, Math.ceil(this.#restsUntil - performance.now()));
  }
}
