// The listening socket, for the models that call accept(2) themselves: takes who may come in, refuses who may not, and
// leaves those who wait alone for a while when there is no descriptor for them.

import { EAGAIN, EMFILE, NOT_ASKED, POLLIN, posix, SHUT_RDWR } from '../../shared/posix.js';
import { PollList } from '../../shared/structs.js';
import { NOBODY } from './control.js';
import type { AcceptedClient, IoThread } from './io-thread.js';
import { Admission, KEEP_ALIVE_SECONDS, REST_MS } from './limits.js';

/** For poll(2): no end. */
const FOR_EVER = -1;

export class Acceptor {
  readonly #thread: IoThread;
  readonly #nonblocking: boolean;
  readonly #admission: Admission;
  readonly #pollList = new PollList(1);
  #accepted = 0;
  /** Until then nobody is accepted, by the monotonic clock in milliseconds. */
  #restsUntil = 0;
  #warned = false;

  /** @param flags whether the connected sockets shall not block; the listening one never does */
  constructor(thread: IoThread, flags: { readonly O_NONBLOCK: boolean }) {
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
    pollList.set(at, this.open ? this.#thread.listener : NOT_ASKED, this.#restMs > 0 ? 0 : POLLIN);
  }

  /** How long poll(2) may sleep on that list: for ever, or until the rest is over. */
  get sleepMs(): number {
    return this.#restMs > 0 ? this.#restMs : FOR_EVER;
  }

  /** Sleeps until somebody may wait to be accepted, or the server stops. */
  wait(): void {
    const { control, listener } = this.#thread;
    this.list(this.#pollList, 0);
    if (control.sleepOn(NOBODY, listener)) posix().poll(this.#pollList, 1, this.sleepMs);
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
      const accepted = posix().accept(listener, flags);
      if (accepted === EAGAIN) return undefined;
      if (accepted === EMFILE) return this.#rest();
      const { fd, remote } = accepted;
      const reason = this.#admission.refusal(remote, connected);
      if (reason === undefined) {
        this.#accepted += 1;
        const id = this.#accepted;
        if (id === options.clients) posix().shutdown(listener, SHUT_RDWR); // nobody else may connect
        log.record({ type: 'came', client: id, remote, local: posix().localAddress(fd), fd });
        return { id, fd, remote };
      }
      posix().close(fd);
      log.record({ type: 'refused', remote, reason });
    }
    return undefined;
  }

  #rest(): undefined {
    this.#restsUntil = performance.now() + REST_MS;
    if (this.#warned) return;
    this.#warned = true;
    const message = 'no descriptor is free: who comes now waits until somebody leaves (see ulimit -n)';
    this.#thread.log.record({ type: 'warning', message });
  }

  get #restMs(): number {
    return Math.max(0, Math.ceil(this.#restsUntil - performance.now()));
  }
}
