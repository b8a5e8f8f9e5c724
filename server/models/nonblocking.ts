// nonblocking: one thread polls each client in turn for input.
//
// recv(2) on a socket with O_NONBLOCK returns -1 and the errno EAGAIN when no data has come (Python raises an exception,
// as the tutorial's section 4.6.1 explains), and the thread goes on to the next client, one byte at a time, as its
// strsvr.py does. So no client blocks another, but polling never ends: an idle server uses a whole core (see --idle-sleep).
// `diff blocking.ts nonblocking.ts` shows what O_NONBLOCK changes.

import * as libc from '../../shared/libc/sockets.js';
import { messageCost, writeQuantum } from '../limits/write-scheduler.js';
import { type Client, RoundRobinLoop } from './round-robin.js';
import type { WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

const RECEIVE_BYTES = 1;

export class NonblockingModel extends WorkerModel {
  protected readonly file = import.meta.url;
}

/** Runs in the model's own thread. */
export function serve(context: WorkerContext): void {
  new NonblockingLoop(context).run();
}

export class NonblockingLoop extends RoundRobinLoop {
  readonly #buffer: Buffer;

  constructor(context: WorkerContext, receiveBytes = RECEIVE_BYTES) {
    super(context, { O_NONBLOCK: true });
    this.#buffer = Buffer.alloc(receiveBytes);
  }

  protected override endRound(): void {
    this.context.control.idleBackoff(this.context.options.idleSleepMs);
  }

  // --- receive ---

  protected override receive({ id, fd, session }: Client): void {
    const { control, log } = this.context;
    if (!control.countPoll(id, fd)) return;
    const length = libc.recv(fd, this.#buffer);
    if (length === libc.EAGAIN) return;
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
      if (taken === libc.EAGAIN) return;
      log.wrote(id, message.length, message.length - taken);
      quantum -= messageCost(taken);
    }
  }
}
