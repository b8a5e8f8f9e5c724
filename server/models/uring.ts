// uring: one thread, and the kernel receives and sends for it (io_uring(7), Linux 6.1 or newer).
//
// poll.ts asks which clients are ready and then does the work itself: readiness. Here the thread hands the work over, for
// all clients at once, and sleeps until some of it is done: completion. So a round costs one system call, however many
// clients sent a letter. "A client is read from only when its replies are written" takes no code: each receive is linked
// behind a send. What it costs: the memory of a send or a receive belongs to the kernel until that is done.

import { constants } from 'node:os';
import type { Address } from '../../shared/address.js';
import * as libc from '../../shared/libc/sockets.js';
import { NOTHING_RECEIVED, Uring } from '../../shared/libc/uring.js';
import { checkUring } from '../../shared/libc/uring-setup.js';
import type { CloseFailure } from '../core/close-reason.js';
import type { Session } from '../core/session.js';
import { DRAIN_TIMEOUT } from '../limits/lingering-close.js';
import { writeQuantum } from '../limits/write-scheduler.js';
import { MAX_RANGES, ReplyGatherer } from './pending-write.js';
import { Acceptor } from './worker/acceptor.js';
import { NO_CLIENT } from './worker/control-block.js';
import { type AcceptedClient, peerFailure, type WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

/** Submissions in one system call, and receive buffers: clients that are idle need none. */
const ENTRIES = 256;
/** As in poll.ts. */
const RECEIVE_BYTES = 4 * 1024;
/** While the server stops: a receive can be cancelled only once it has started, and nothing tells when that is. */
const CANCEL_INTERVAL_MS = 20;
/** Without a listener, a stop wakes the thread by shutting down a client that is received from; its send may not be done. */
const STOP_CHECK_MS = 250;

const { ECONNRESET } = constants.errno;

// What a completion is of: the tags of submissions.
const ACCEPT = 1;
const RECEIVE = 2;
const SEND = 3;

/** Of each client, exactly one completion is to come: of a receive, of a send, or of a pair of them that is linked. */
interface Client extends AcceptedClient {
  readonly session: Session;
  /** The bytes that were last submitted to be sent. */
  sending: number;
  failure: CloseFailure | undefined;
}

export class UringModel extends WorkerModel {
  protected readonly file = import.meta.url;

  /** @throws OperationalError where io_uring does not work */
  override async listen(): Promise<Address> {
    checkUring();
    return super.listen();
  }
}

/** Runs in the model's own thread. */
export function serve(context: WorkerContext): void {
  new UringLoop(context).run();
}

class UringLoop {
  readonly #context: WorkerContext;
  readonly #acceptor: Acceptor;
  readonly #connected = new Map<number, Client>();
  readonly #gatherer: ReplyGatherer;
  readonly #ring = new Uring({
    ...{ entries: ENTRIES, buffers: ENTRIES, bufferBytes: RECEIVE_BYTES, messageCapacity: MAX_RANGES },
  });
  #accepting = false;
  /** When to cancel again, in milliseconds of performance.now(). */
  #cancelAt = 0;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.#acceptor = new Acceptor(context, { O_NONBLOCK: false });
    this.#gatherer = new ReplyGatherer(context.text, context.options.nagle);
  }

  run(): void {
    while (this.#acceptor.open || this.#connected.size > 0) {
      this.#wait();
      for (let done = this.#ring.next(); done !== undefined; done = this.#ring.next()) {
        if (done.tag === ACCEPT) this.#accept();
        else this.#complete(done.tag, done.id, done.result, done.buffer);
      }
      if (this.#context.control.stopping) this.#cancel();
    }
    this.#ring.close();
  }

  /** Hands over what is to be done, and sleeps until something is done. */
  #wait(): void {
    const { control, listener } = this.#context;
    let timeoutMs = this.#acceptor.sleepMs;
    if (this.#acceptor.open) {
      if (!this.#accepting && timeoutMs < 0) this.#ring.pollIn(listener, ACCEPT, NO_CLIENT);
      this.#accepting ||= timeoutMs < 0;
      control.announceWait(NO_CLIENT, listener);
    } else {
      const [first] = this.#connected.values();
      if (first !== undefined) control.announceWait(NO_CLIENT, first.fd);
      timeoutMs = STOP_CHECK_MS;
    }
    this.#ring.wait(control.stopping ? CANCEL_INTERVAL_MS : timeoutMs);
  }

  /** Handles a completion for a client, and submits its next operation. */
  #complete(tag: number, id: number, result: number, buffer: number): void {
    const client = this.#connected.get(id);
    if (client !== undefined) {
      try {
        if (tag === RECEIVE) this.#received(client, result, buffer);
        else this.#sent(client, result);
      } catch (error) {
        client.failure ??= this.#context.control.aborted ? DRAIN_TIMEOUT : peerFailure(error);
      }
      this.#continue(client);
    }
    if (buffer >= 0) this.#ring.release(buffer);
  }

  // --- accept ---

  /** Accepts every connection that is waiting. */
  #accept(): void {
    this.#accepting = false;
    for (;;) {
      const accepted = this.#acceptor.accept(this.#connected.size);
      if (accepted === undefined) return;
      const { id, fd, remote } = accepted;
      const session = this.#context.openSession(id);
      const client: Client = { id, fd, remote, session, sending: 0, failure: undefined };
      this.#connected.set(id, client);
      this.#receive(client);
    }
  }

  // --- receive ---

  #receive(client: Client): void {
    this.#ring.recv(client.fd, RECEIVE, client.id);
  }

  /** If a send was before it, that has succeeded. */
  #received(client: Client, result: number, buffer: number): void {
    const { control, log } = this.#context;
    if (NOTHING_RECEIVED.has(result)) return;
    if (result < 0) throw new libc.SystemError('recv', -result);
    if (control.stopping) return; // its input came too late
    if (result === 0) client.session.end();
    else client.session.receive(this.#ring.buffers, result, buffer * RECEIVE_BYTES);
    log.read(client.id, result, client.session);
  }

  // --- send ---

  /** Nothing is under way for this client: submits what its session wants next. */
  #continue(client: Client): void {
    const { id, fd, session } = client;
    if (this.#context.control.stopping) session.stop();
    const message = this.#ring.message();
    if (client.failure === undefined) {
      this.#gatherer.fill(message, session, writeQuantum(this.#connected.size));
    }
    if (message.count > 0) {
      const linked = session.wants === 'input';
      this.#ring.sendmsg(fd, SEND, id, linked);
      this.#context.log.wrote(id, message.length, 0);
      client.sending = message.length;
      if (linked) this.#receive(client);
    } else if (client.failure !== undefined || session.wants === 'close') {
      this.#connected.delete(id);
      this.#context.release(client, client.failure);
    } else {
      this.#receive(client);
    }
  }

  /** A linked send has a completion only if it has failed. */
  #sent(client: Client, result: number): void {
    if (result !== client.sending) throw new libc.SystemError('sendmsg', result < 0 ? -result : ECONNRESET);
  }

  // --- close ---

  /** The server stops: cancels receives, and when the time to send replies is over, sends. */
  #cancel(): void {
    const now = performance.now();
    if (now < this.#cancelAt) return;
    this.#cancelAt = now + CANCEL_INTERVAL_MS;
    const { aborted } = this.#context.control;
    for (const client of this.#connected.values()) {
      this.#ring.cancel(RECEIVE, client.id);
      if (!aborted) continue;
      client.failure ??= DRAIN_TIMEOUT;
      this.#ring.cancel(SEND, client.id);
    }
  }
}
