// nonblocking: one thread asks every client in a circle whether it has said something; nobody is waited for.
//
// recv(2) on a socket with O_NONBLOCK returns -1 and the errno EAGAIN when nothing has come (Python raises an exception,
// as the tutorial's section 4.6.1 explains), and the thread goes on to the next client, one byte at a time, as its
// strsvr.py does. So nobody holds up anybody, but the asking never ends: idle, it burns a whole core (see --nap).
// Compare blocking.ts: O_NONBLOCK and what to do about EAGAIN are the whole difference.

import { EAGAIN, posix } from '../../shared/posix.js';
import type { CloseFailure } from '../log.js';
import { Session } from '../session.js';
import { Acceptor } from './acceptor.js';
import { type AcceptedClient, type IoThread, peerFailure } from './io-thread.js';
import { OVERDUE, receiveBytes } from './limits.js';
import { Gather, Output } from './output.js';
import { OwnThread } from './own-thread.js';
import { TURN_PIECES, turnBytes } from './turns.js';

export class Model extends OwnThread {
  protected readonly file = import.meta.url;
}

/** Runs in the model's own thread. */
export function serve(thread: IoThread): void {
  new Circle(thread).run();
}

interface Client extends AcceptedClient {
  readonly session: Session;
  readonly output: Output;
}

class Circle {
  readonly #thread: IoThread;
  readonly #acceptor: Acceptor;
  readonly #connected = new Set<Client>();
  readonly #buffer: Buffer;
  readonly #gather: Gather;

  constructor(thread: IoThread) {
    this.#thread = thread;
    this.#buffer = Buffer.alloc(receiveBytes(thread.options.io));
    this.#gather = new Gather(thread.options.nagle);
    this.#acceptor = new Acceptor(thread, { O_NONBLOCK: true });
  }

  run(): void {
    const { control, options } = this.#thread;
    while (this.#acceptor.open || this.#connected.size > 0) {
      this.#accept();
      for (const client of this.#connected) this.#visit(client);
      control.endRound(options.napMs);
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
      this.#connected.add({ ...accepted, session, output: new Output(session, this.#gather) });
    }
  }

  // --- receive ---

  /** It is this client's turn. */
  #visit(client: Client): void {
    try {
      if (this.#thread.control.stopping) client.session.stop();
      else if (client.session.wantsInput && !client.output.waiting) this.#receive(client);
      this.#send(client);
      if (client.session.closing !== undefined && !client.output.waiting) this.#close(client);
      else if (this.#thread.control.cutOff) this.#close(client, OVERDUE);
    } catch (error) {
      this.#close(client, this.#thread.control.cutOff ? OVERDUE : peerFailure(error));
    }
  }

  #receive({ id, fd, session }: Client): void {
    const { control, log } = this.#thread;
    if (!control.ask(id, fd)) return;
    const length = posix().recv(fd, this.#buffer);
    if (length === EAGAIN) return;
    if (control.stopping) return; // it was woken for that, or what it read came too late
    control.answered();
    if (length === 0) session.end();
    else session.receive(this.#buffer.subarray(0, length));
    log.read(id, length, session);
  }

  // --- send ---

  /** One turn: sends some of what is owed. */
  #send({ id, fd, output }: Client): void {
    const { control, log } = this.#thread;
    let left = turnBytes(this.#connected.size);
    for (let pieces = 0; pieces < TURN_PIECES || left > 0; pieces += 1) {
      const bytes = output.next();
      if (bytes === undefined) return;
      control.sleepOn(id, fd);
      const taken = posix().send(fd, bytes);
      output.taken(taken);
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
