// poll: one thread, and poll(2) tells it who is ready.
//
// The thread hands the kernel the list of all sockets and sleeps until one of them can be read or written; then it
// serves those that can, and none of the others. Nobody waits for anybody, and an idle server costs nothing: the
// answer to the tutorial's section 4.6.1 that needs neither threads nor endless asking. What goes wrong: the whole list
// goes to the kernel for every call, so the cost of a letter grows with the connected, not with those who talk.

import { EAGAIN, libc, POLLIN, POLLOUT } from '../../shared/libc/libc.js';
import { PollList } from '../../shared/libc/structs.js';
import { Session } from '../core/session.js';
import { DRAIN_TIMEOUT, receiveBytes } from '../limits/limits.js';
import { MIN_WRITES_PER_TURN, writeQuantum } from '../limits/write-scheduler.js';
import type { CloseFailure } from '../log/log.js';
import { PendingWrite, ReplyCoalescer } from './reply-coalescer.js';
import { Acceptor } from './worker/acceptor.js';
import { NO_CLIENT } from './worker/control-block.js';
import { type AcceptedClient, peerFailure, type WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

export class PollModel extends WorkerModel {
  protected readonly file = import.meta.url;
}

/** Runs in the model's own thread. */
export function serve(thread: WorkerContext): void {
  new Poller(thread).run();
}

interface Client extends AcceptedClient {
  readonly session: Session;
  readonly output: PendingWrite;
}

class Poller {
  readonly #thread: WorkerContext;
  readonly #acceptor: Acceptor;
  readonly #connected = new Set<Client>();
  readonly #buffer: Buffer;
  readonly #gather: ReplyCoalescer;
  /** Who stands in the list of pollfds, in its order. */
  #listed: Client[] = [];
  #pollfds = new PollList(64);

  constructor(thread: WorkerContext) {
    this.#thread = thread;
    this.#buffer = Buffer.alloc(receiveBytes(thread.options.io));
    this.#gather = new ReplyCoalescer(thread.options.nagle);
    this.#acceptor = new Acceptor(thread, { O_NONBLOCK: true });
  }

  run(): void {
    while (this.#acceptor.open || this.#connected.size > 0) {
      this.#sleep();
      this.#accept();
      for (const [at, client] of this.#listed.entries()) {
        if (this.#pollfds.ready(at + 1) || this.#thread.control.stopping) this.#service(client);
      }
    }
  }

  // --- poll ---

  /** Sleeps until somebody is ready. At the head of the list is the listening socket. */
  #sleep(): void {
    const { control, listener } = this.#thread;
    this.#listed = [...this.#connected];
    if (this.#listed.length >= this.#pollfds.capacity) this.#pollfds = new PollList(2 * this.#listed.length);
    this.#acceptor.list(this.#pollfds, 0);
    for (const [at, client] of this.#listed.entries()) this.#pollfds.set(at + 1, client.fd, wanted(client));
    const [first] = this.#listed;
    // Whoever shuts this descriptor down wakes us.
    if (this.#acceptor.open) control.announceWait(NO_CLIENT, listener);
    else if (first !== undefined) control.announceWait(first.id, first.fd);
    // While it stops, only output is worth waiting for.
    const maySleep =
      !control.stopping || (first !== undefined && !this.#listed.some(({ session }) => session.wantsInput));
    libc().poll(this.#pollfds, this.#listed.length + 1, maySleep ? this.#acceptor.sleepMs : 0);
  }

  // --- accept ---

  /** Takes everybody who waits. */
  #accept(): void {
    if (!this.#pollfds.ready(0)) return;
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
    if (length === EAGAIN) return;
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
      if (taken === EAGAIN) return;
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

/** Readable, or with something left to send, writable. */
function wanted({ session, output }: Client): number {
  return session.wantsInput && !output.waiting ? POLLIN : POLLOUT;
}
