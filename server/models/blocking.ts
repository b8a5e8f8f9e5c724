// blocking: one thread, one blocking receive after the other, round-robin over the clients.
//
// The thread sleeps in recv(2) for one client at a time, even if others have sent. So each client is answered once a
// round, and one that is silent, out to lunch, blocks all the others (head-of-line blocking): the
// tutorial's section 4.6.1 begins with it. A client that never reads blocks them too, in send(2), until it counts as stalled.
// While every client sends, nothing is faster. `diff blocking.ts nonblocking.ts` shows what O_NONBLOCK changes.

import * as libc from '../../shared/libc/sockets.js';
import { messageCost, writeQuantum } from '../limits/write-scheduler.js';
import { type Client, RoundRobinLoop } from './round-robin.js';
import type { WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

const RECEIVE_BYTES = 16 * 1024;

export class BlockingModel extends WorkerModel {
  protected readonly file = import.meta.url;
}

/** Runs in the model's own thread. */
export function serve(context: WorkerContext): void {
  new BlockingLoop(context).run();
}

class BlockingLoop extends RoundRobinLoop {
  readonly #buffer = Buffer.alloc(RECEIVE_BYTES);

  constructor(context: WorkerContext) {
    super(context, { O_NONBLOCK: false });
  }

  // --- receive ---

  protected override receive({ id, fd, session }: Client): void {
    const { control, log } = this.context;
    if (!control.countPoll(id, fd)) return;
    const length = libc.recv(fd, this.#buffer);
    if (control.stopping) return; // it was woken for that, or its input came too late
    control.countHit();
    if (length === 0) session.end();
    else session.receive(this.#buffer, length);
    log.read(id, length, session);
  }

  // --- send ---

  protected override send({ id, fd, output }: Client): void {
    const { control, log } = this.context;
    let quantum = writeQuantum(this.connected.size);
    while (quantum > 0) {
      const message = output.next(quantum);
      if (message === undefined) return;
      control.announceWait(id, fd);
      const taken = libc.sendmsg(fd, message);
      output.consume(taken);
      log.wrote(id, message.length, message.length - taken);
      quantum -= messageCost(taken);
    }
  }
}
