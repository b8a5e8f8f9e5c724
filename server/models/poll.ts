// poll: one thread, and poll(2) returns which clients are ready.
//
// The thread hands the kernel the list of all sockets and sleeps until one of them can be read or written; then it
// services those that can, and no others, with the calls of nonblocking.ts. No client blocks another, and an idle server
// costs nothing: the answer to the tutorial's section 4.6.1 without threads and without busy polling. Its weakness: the
// kernel scans the whole list at every call, so the cost of a letter grows with the connected clients.

import * as libc from '../../shared/libc/sockets.js';
import { NonblockingLoop } from './nonblocking.js';
import type { Client } from './round-robin.js';
import { NO_CLIENT } from './worker/control-block.js';
import type { WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

/** Decoding 4 KiB of line ends takes some 0.2 ms, so a round of 300 clients that flood the server ends within 0.1 s. */
const RECEIVE_BYTES = 4 * 1024;

export class PollModel extends WorkerModel {
  protected readonly file = import.meta.url;
}

/** Runs in the model's own thread. */
export function serve(context: WorkerContext): void {
  new PollLoop(context).run();
}

class PollLoop extends NonblockingLoop {
  #pollfds = new libc.PollList(64);

  constructor(context: WorkerContext) {
    super(context, RECEIVE_BYTES);
  }

  protected override endRound(): void {}

  /** Sleeps in poll(2) and returns the clients that are ready; while the server stops, all of them. */
  protected override *nextClients(): Iterable<Client> {
    const listed = [...this.connected];
    this.#poll(listed);
    if (this.#pollfds.ready(0)) this.accept();
    for (let at = 0; at < listed.length; at += 1) {
      if (this.#pollfds.ready(at + 1) || this.context.control.stopping) yield listed[at] as Client;
    }
  }

  /** The listening socket is at the head of the list. */
  #poll(listed: readonly Client[]): void {
    const { control, listener } = this.context;
    if (listed.length >= this.#pollfds.capacity) this.#pollfds = new libc.PollList(2 * listed.length);
    this.acceptor.list(this.#pollfds, 0);
    for (let at = 0; at < listed.length; at += 1) {
      const { fd, output } = listed[at] as Client; // `entries()` would make an array for each client
      this.#pollfds.set(at + 1, fd, output.wants === 'input' ? libc.POLLIN : libc.POLLOUT);
    }
    // A stop wakes the thread by shutting down the descriptor that it announces.
    const [first] = listed;
    if (this.acceptor.open) control.announceWait(NO_CLIENT, listener);
    else if (first !== undefined) control.announceWait(NO_CLIENT, first.fd);
    // While the server stops, only output is worth waiting for.
    const maySleep =
      !control.stopping || (first !== undefined && listed.every(({ output }) => output.wants !== 'input'));
    libc.poll(this.#pollfds, listed.length + 1, maySleep ? this.acceptor.sleepMs : 0);
  }
}
