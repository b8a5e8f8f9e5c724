// poll: one thread, and poll(2) tells it who is ready.
//
// The thread hands the kernel the list of all sockets and sleeps until one of them can be read or written; then it
// serves those that can, and none of the others. Nobody waits for anybody, and an idle server costs nothing: the
// answer to the tutorial's section 4.6.1 that needs neither threads nor endless asking. What goes wrong: the whole list
// goes to the kernel for every call, so the cost of a letter grows with the connected, not with those who talk.

import { EAGAIN, POLLIN, POLLOUT, posix } from '../../shared/posix.js';
import { PollList } from '../../shared/structs.js';
import type { CloseFailure } from '../log.js';
import { Session } from '../session.js';
import { Acceptor } from './acceptor.js';
import { NOBODY } from './control.js';
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
  new Poller(thread).run();
}

interface Client extends AcceptedClient {
  readonly session: Session;
  readonly output: Output;
}

class Poller {
  readonly #thread: IoThread;
  readonly #acceptor: Acceptor;
  readonly #connected = new Set<Client>();
  readonly #buffer: Buffer;
  readonly #gather: Gather;
  /** Who stands in the list of pollfds, in its order. */
  #listed: Client[] = [];
  #pollfds = new PollList(64);

  constructor(thread: IoThread) {
    this.#thread = thread;
    this.#buffer = Buffer.alloc(receiveBytes(thread.options.io));
    this.#gather = new Gather(thread.options.nagle);
    this.#acceptor = new Acceptor(thread, { O_NONBLOCK: true });
  }

  run(): void {
    while (this.#acceptor.open || this.#connected.size > 0) {
      this.#sleep();
      this.#accept();
      for (const [at, client] of this.#listed.entries()) {
        if (this.#pollfds.ready(at + 1) || this.#thread.control.stopping) this.#visit(client);
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
    if (this.#acceptor.open) control.sleepOn(NOBODY, listener);
    else if (first !== undefined) control.sleepOn(first.id, first.fd);
    // While it stops, only output is worth waiting for.
    const maySleep =
      !control.stopping || (first !== undefined && !this.#listed.some(({ session }) => session.wantsInput));
    posix().poll(this.#pollfds, this.#listed.length + 1, maySleep ? this.#acceptor.sleepMs : 0);
  }

  // --- accept ---

  /** Takes everybody who waits. */
  #accept(): void {
    if (!this.#pollfds.ready(0)) return;
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

/** Readable, or with something left to send, writable. */
function wanted({ session, output }: Client): number {
  return session.wantsInput && !output.waiting ? POLLIN : POLLOUT;
}
