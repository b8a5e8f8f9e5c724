// blocking: one thread, one blocking receive after the other, round and round the circle of clients.
//
// The thread waits for one client at a time, in recv(2), whoever else may have something to say. So each client is
// answered once a round, and one that says nothing, out to lunch, holds up all the others: the story with which the
// tutorial's section 4.6.1 begins, and limits.ts cannot help. A client that never reads holds them up too, in send(2),
// until it is cut off as stalled. While everybody talks, nothing is faster. Compare nonblocking.ts: O_NONBLOCK and what
// to do about EAGAIN are the whole difference.

import { libc } from '../../shared/libc/libc.js';
import { Session } from '../core/session.js';
import { DRAIN_TIMEOUT, receiveBytes } from '../limits/limits.js';
import { MIN_WRITES_PER_TURN, writeQuantum } from '../limits/write-scheduler.js';
import type { CloseFailure } from '../log/log.js';
import { PendingWrite, ReplyCoalescer } from './reply-coalescer.js';
import { Acceptor } from './worker/acceptor.js';
import { type AcceptedClient, peerFailure, type WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

export class BlockingModel extends WorkerModel {
  protected readonly file = import.meta.url;
}

/** Runs in the model's own thread. */
export function serve(thread: WorkerContext): void {
  new RoundRobinLoop(thread).run();
}

interface Client extends AcceptedClient {
  readonly session: Session;
  readonly output: PendingWrite;
}

class RoundRobinLoop {
  readonly #thread: WorkerContext;
  readonly #acceptor: Acceptor;
  readonly #connected = new Set<Client>();
  readonly #buffer: Buffer;
  readonly #gather: ReplyCoalescer;

  constructor(thread: WorkerContext) {
    this.#thread = thread;
    this.#buffer = Buffer.alloc(receiveBytes(thread.options.io));
    this.#gather = new ReplyCoalescer(thread.options.nagle);
    this.#acceptor = new Acceptor(thread, { O_NONBLOCK: false });
  }

  run(): void {
    const { control, options } = this.#thread;
    while (this.#acceptor.open || this.#connected.size > 0) {
      this.#accept();
      for (const client of this.#connected) this.#service(client);
      control.idleBackoff(options.idleSleepMs);
    }
  }

  // --- accept ---

  /** Takes everybody who waits; sleeps only while nobody is connected. */
  #accept(): void {
    if (this.#connected.size === 0) this.#acceptor.wait();
    for (;;) {
      const accepted = this.#acceptor.accept(this.#connected.size);
      if (accepted === undefined) return;
      const session = new Session(this.#thread.text);
      this.#connected.add({ ...accepted, session, output: new PendingWrite(session, this.#gather) });
    }
  }

  // --- receive ---

  /** It is this client's turn. */
  #service(client: Client): void {
    try {
      if (this.#thread.control.stopping) client.session.stop();
      else if (client.session.wantsInput && !client.output.waiting) this.#receive(client);
      this.#send(client);
      if (client.session.closing !== undefined && !client.output.waiting) this.#close(client);
      else if (this.#thread.control.aborted) this.#close(client, DRAIN_TIMEOUT);
    } catch (error) {
      this.#close(client, this.#thread.control.aborted ? DRAIN_TIMEOUT : peerFailure(error));
    }
  }

  #receive({ id, fd, session }: Client): void {
    const { control, log } = this.#thread;
    if (!control.countPoll(id, fd)) return;
    const length = libc().recv(fd, this.#buffer);
    if (control.stopping) return; // it was woken for that, or what it read came too late
    control.countHit();
    if (length === 0) session.end();
    else session.receive(this.#buffer.subarray(0, length));
    log.read(id, length, session);
  }

  // --- send ---

  /** One turn: sends some of what is owed. */
  #send({ id, fd, output }: Client): void {
    const { control, log } = this.#thread;
    let left = writeQuantum(this.#connected.size);
    for (let pieces = 0; pieces < MIN_WRITES_PER_TURN || left > 0; pieces += 1) {
      const bytes = output.next();
      if (bytes === undefined) return;
      control.announceWait(id, fd);
      const taken = libc().send(fd, bytes);
      output.consume(taken);
      log.wrote(id, bytes.length, bytes.length - taken);
      left -= taken;
    }
  }

  // --- close ---

  #close(client: Client, failure?: CloseFailure): void {
    this.#connected.delete(client);
    this.#thread.release(client, failure);
  }
}
