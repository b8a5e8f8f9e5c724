// events: one thread, and the event loop calls back when a client is ready.
//
// The kernel watches all sockets (epoll on Linux), and the thread sleeps until one of them can be read or written; then
// it is called back for just that one. No client blocks another: today's answer to the tutorial's section 4.6. Its
// weakness is anything that keeps the thread busy: while it computes, no client is served.

import { createServer, type Server, type Socket } from 'node:net';
import { type Address, socketAddress } from '../../shared/address.js';
import { listen } from '../../shared/listen.js';
import type { CloseFailure } from '../core/close-reason.js';
import type { Session } from '../core/session.js';
import { admit } from '../limits/admission.js';
import { closeLingering, disconnect, LINGER_MS } from '../limits/lingering-close.js';
import { KEEP_ALIVE, watchSockets } from '../limits/stall-detector.js';
import { WriteScheduler, writeQuantum } from '../limits/write-scheduler.js';
import type { IoModel, IoModelContext } from './model.js';
import { ReplyCoalescer } from './reply-coalescer.js';
import { readInto } from './shared-read-buffer.js';

/** Decoding 4 KiB of line ends takes some 0.2 ms: a round of 300 clients that flood the server ends within 0.1 s. */
export const RECEIVE_BYTES = 4 * 1024;

interface Client {
  readonly id: number;
  readonly socket: Socket;
  readonly session: Session;
  failure: CloseFailure | undefined;
}

export class EventsModel implements IoModel {
  readonly ioThreads = 1;
  readonly closed: Promise<void>;
  accepted = 0;
  readonly #context: IoModelContext;
  readonly #listener: Server;
  readonly #connected = new Set<Client>();
  readonly #buffer = Buffer.alloc(RECEIVE_BYTES);
  readonly #coalescer: ReplyCoalescer;
  readonly #scheduler = new WriteScheduler<Client>((client) => this.#send(client));
  readonly #awaitingDurability = new Set<Client>();
  readonly #stalls: NodeJS.Timeout | undefined;
  #stopping = false;
  #resolveClosed = (): void => {};

  constructor(context: IoModelContext) {
    this.#context = context;
    this.#listener = createServer({
      allowHalfOpen: true, // a client that has ended its side still gets its replies
      noDelay: !context.nagle,
      highWaterMark: 0, // so that 'drain' follows every write that the kernel did not take at once
      ...KEEP_ALIVE,
    });
    admit(this.#listener, context, (socket) => this.#accept(socket));
    this.#coalescer = new ReplyCoalescer(context.text, context.nagle);
    this.#stalls = watchSockets(this.#connected, context.stallTimeoutMs);
    context.journal?.onDurable(() => this.#onDurable());
    context.journal?.onUnavailable?.((why) => disconnect(this.#connected, why));
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  // --- accept ---

  listen(): Promise<Address> {
    return listen(this.#listener, this.#context);
  }

  #accept(socket: Socket): void {
    this.accepted += 1;
    const session = this.#context.openSession(this.accepted);
    const client: Client = { id: this.accepted, socket, session, failure: undefined };
    this.#connected.add(client);
    socket.on('error', ({ message }) => {
      client.failure ??= { reason: 'broken', detail: message };
    });
    readInto(this.#buffer, socket, (chunk, length) => this.#receive(client, chunk, length));
    socket.on('end', () => this.#receive(client, this.#buffer, 0));
    socket.on('drain', () => socket.isPaused() && this.#scheduler.add(client));
    socket.on('close', () => this.#onClose(client));
    const remote = socketAddress(socket.remoteAddress, socket.remotePort);
    const local = socketAddress(socket.localAddress, socket.localPort);
    this.#context.log.record({ type: 'accepted', client: client.id, remote, local });
    if (this.accepted === this.#context.clients) this.#listener.close();
  }

  // --- receive ---

  /** @param length as recv(2) has it: 0 means the end of the stream */
  #receive(client: Client, chunk: Uint8Array, length: number): void {
    if (length === 0) client.session.end();
    else client.session.receive(chunk, length);
    this.#context.log.read(client.id, length, client.session);
    // After a full chunk more has probably come; libuv would read up to 32 of them before it serves other sockets.
    this.#send(client, length >= RECEIVE_BYTES);
  }

  // --- send ---

  /** One turn: writes pending replies, a write quantum at most; then the session says how to go on. */
  #send(client: Client, floods = false): void {
    const { socket, session } = client;
    let quantum = writeQuantum(this.#connected.size);
    while (quantum > 0 && socket.writableLength === 0) {
      const length = this.#coalescer.write(session, socket);
      if (length === 0) break;
      this.#context.log.wrote(client.id, length, socket.writableLength);
      quantum -= length;
    }
    const want = socket.writableLength > 0 ? 'drain' : session.wants;
    const reads = want === 'input' && !floods;
    if (reads && socket.isPaused()) socket.resume();
    else if (want === 'close') closeLingering(socket, session.closing, this.#context.stallTimeoutMs);
    else if (!reads) {
      socket.pause();
      if (want === 'durability') this.#awaitingDurability.add(client);
      else if (want !== 'drain') this.#scheduler.add(client);
    }
    this.#context.journal?.commit();
  }

  /** More letters are durable. */
  #onDurable(): void {
    const waiting = [...this.#awaitingDurability];
    this.#awaitingDurability.clear();
    for (const client of waiting) this.#send(client);
  }

  // --- close ---

  #onClose(client: Client): void {
    this.#connected.delete(client);
    this.#scheduler.delete(client);
    this.#awaitingDurability.delete(client);
    this.#context.log.closed(client.id, client.session, client.failure);
    this.#settle();
  }

  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#context.log.record({ type: 'stopping', connected: this.#connected.size });
    this.#listener.close();
    setTimeout(() => this.abort(), LINGER_MS).unref();
    for (const client of this.#connected) {
      client.session.stop();
      this.#send(client);
    }
    this.#settle();
  }

  abort(why?: CloseFailure): void {
    this.#listener.close();
    disconnect(this.#connected, why);
  }

  #settle(): void {
    if (this.#listener.listening || this.#connected.size > 0) return;
    clearInterval(this.#stalls);
    this.#resolveClosed();
  }
}
