// The loop of the models with one I/O thread that calls accept(2), recv(2) and send(2) itself: round-robin over the
// connected clients. A model says which socket flags it wants, how it receives and sends, and, if not all clients in
// turn, which clients are next.

import type { CloseFailure } from '../core/close-reason.js';
import type { Session } from '../core/session.js';
import { DRAIN_TIMEOUT } from '../limits/lingering-close.js';
import { PendingWrite, ReplyGatherer } from './pending-write.js';
import { Acceptor } from './worker/acceptor.js';
import { type AcceptedClient, peerFailure, type WorkerContext } from './worker/worker-context.js';

export interface Client extends AcceptedClient {
  readonly session: Session;
  readonly output: PendingWrite;
}

export abstract class RoundRobinLoop {
  protected readonly context: WorkerContext;
  protected readonly acceptor: Acceptor;
  protected readonly connected = new Set<Client>();
  readonly #gatherer: ReplyGatherer;

  /** @param flags of connected sockets */
  constructor(context: WorkerContext, flags: { readonly O_NONBLOCK: boolean }) {
    this.context = context;
    this.acceptor = new Acceptor(context, flags);
    this.#gatherer = new ReplyGatherer(context.text, context.options.nagle);
  }

  run(): void {
    while (this.acceptor.open || this.connected.size > 0) {
      for (const client of this.nextClients()) this.#service(client);
      this.endRound();
    }
  }

  // --- accept ---

  /** Accepts new clients and returns the clients to service now: here all of them. Sleeps while there are none. */
  protected nextClients(): Iterable<Client> {
    if (this.connected.size === 0) this.acceptor.wait();
    this.accept();
    return this.connected;
  }

  /** Accepts every connection that is waiting. */
  protected accept(): void {
    for (;;) {
      const accepted = this.acceptor.accept(this.connected.size);
      if (accepted === undefined) return;
      const { id, fd, remote } = accepted;
      const session = this.context.openSession(id);
      this.connected.add({ id, fd, remote, session, output: new PendingWrite(session, this.#gatherer) });
    }
  }

  /** Called after each round. */
  protected endRound(): void {}

  // --- receive and send ---

  #service(client: Client): void {
    const { control } = this.context;
    try {
      if (control.stopping) client.session.stop();
      else if (client.output.wants === 'input') this.receive(client);
      this.send(client);
      if (client.output.wants === 'close') this.#close(client);
      else if (control.aborted) this.#close(client, DRAIN_TIMEOUT);
    } catch (error) {
      this.#close(client, control.aborted ? DRAIN_TIMEOUT : peerFailure(error));
    }
  }

  /** One recv(2); hands what came to the session. */
  protected abstract receive(client: Client): void;

  /** One turn: sends pending replies, a write quantum at most. */
  protected abstract send(client: Client): void;

  // --- close ---

  #close(client: Client, failure?: CloseFailure): void {
    this.connected.delete(client);
    this.context.release(client, failure);
  }
}
