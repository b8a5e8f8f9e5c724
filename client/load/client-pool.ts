// The clients of a run: connects them in batches, warms them up, services those that are ready and closes them.

import { openReadiness, type Readiness } from '../../shared/libc/readiness.js';
import * as libc from '../../shared/libc/sockets.js';
import { connectAll, pause } from './connections.js';
import { LoadClient, type LoadContext } from './load-client.js';

/** Clients that connect and get their first answer at a time, so that the backlog does not overflow. */
const BATCH = 100;
/** While clients warm up and none is answered for this long, those that have had their answers send once more. */
const KICK_MS = 100;
/** How often one rejected client connects again, and how long after the last time. */
const RETRIES = 20;
const RETRY_MS = 20;

export class ClientPool {
  readonly clients: LoadClient[] = [];
  readonly #context: LoadContext;
  readonly #readiness: Readiness;
  #retries = RETRIES;

  constructor(context: LoadContext) {
    this.#context = context;
    this.#readiness = openReadiness(context.plan.clients);
  }

  /** Clients that wait for an answer. */
  get waiting(): number {
    return this.clients.filter(({ waits }) => waits).length;
  }

  /** Connects all clients and warms them up; whether all were answered. */
  startUp(): boolean {
    const { clients, warmup, timeoutMs } = this.#context.plan;
    const deadline = performance.now() + timeoutMs;
    while (this.clients.length < clients) {
      const first = this.clients.length;
      this.#connect(Math.min(BATCH, clients - first), first, deadline);
      if (!this.#warmUp(this.clients.slice(first), Math.min(1, warmup), deadline)) return false;
      this.#replaceRejected(first, deadline);
    }
    return this.#warmUp(this.clients, warmup - 1, deadline);
  }

  /** Lets more letters of one client be due. */
  letDue(index: number, letters: number): void {
    const client = this.clients[index] as LoadClient;
    client.letDue(letters);
    this.#readiness.set(index, client.fd, client.interest);
  }

  /** Waits until clients are ready, at most this long, and services them; how many these were. */
  readonly wait = (ms: number): number => this.#readiness.wait(ms, this.#service);

  close(): void {
    for (const client of this.clients) client.finish();
    this.#readiness.close();
  }

  readonly #service = (index: number): void => {
    const client = this.clients[index] as LoadClient;
    client.service();
    this.#readiness.set(index, client.fd, client.interest);
  };

  #connect(total: number, first: number, deadline: number): void {
    const { plan } = this.#context;
    for (const [at, fd] of connectAll(plan, total, plan, deadline).entries()) {
      this.clients[first + at] = new LoadClient(fd, first + at, this.#context);
      this.#readiness.set(first + at, fd, libc.POLLIN);
    }
  }

  /** A server at its limit may not have seen yet that the client that read the text has left: one client tries again. */
  #replaceRejected(first: number, deadline: number): void {
    const at = this.clients.findIndex((client, index) => index >= first && client.rejected);
    if (at < 0) return;
    for (; this.#retries > 0 && this.clients[at]?.rejected; this.#retries -= 1) {
      pause(RETRY_MS);
      this.#connect(1, at, deadline);
      this.#warmUp(this.clients.slice(at, at + 1), 1, deadline);
    }
    this.#retries = 0;
  }

  #warmUp(clients: readonly LoadClient[], lines: number, deadline: number): boolean {
    const { idleTimeoutMs = Number.POSITIVE_INFINITY } = this.#context.plan;
    const began = performance.now();
    for (const client of clients) client.warmUp(lines);
    while (clients.some(({ waits }) => waits)) {
      const { lastAnswer } = this.#context;
      const left = Math.min(deadline, Math.max(began, lastAnswer) + idleTimeoutMs) - performance.now();
      if (left <= 0) return false;
      this.wait(Math.min(left, KICK_MS));
      if (this.#context.lastAnswer === lastAnswer) this.#kick();
    }
    return true;
  }

  /** A blocking server that serves its clients in turn may wait for one that was answered before the others. */
  #kick(): void {
    for (const client of this.clients) if (!client.waits) client.warmUp(1);
  }
}
