// events: one thread, and the event loop tells us who is ready.
//
// Nobody waits for anybody: the kernel watches all sockets (epoll on Linux), the thread sleeps until one of them can be
// read or written, and is called back for just that one. This is today's answer to the tutorial's section 4.6.
// What goes wrong here is anything that keeps the thread: while it computes, nobody is served.

import { createServer, type Server, type Socket } from 'node:net';
import { type Address, socketAddress } from '../../shared/address.js';
import { Session } from '../core/session.js';
import {
  admit,
  closeLingering,
  drainTimeout,
  KEEP_ALIVE,
  LINGER_MS,
  watchSockets,
} from '../limits/limits.js';
import { MIN_WRITES_PER_TURN, WriteScheduler, writeQuantum } from '../limits/write-scheduler.js';
import { listen } from '../listen.js';
import type { CloseFailure } from '../log/log.js';
import type { IoModel, IoModelContext } from './model.js';
import { ReplyCoalescer } from './reply-coalescer.js';
import { RECEIVE_BYTES, readIntoSharedBuffer } from './shared-read-buffer.js';

interface Client {
  readonly id: number;
  readonly socket: Socket;
  readonly session: Session;
  failure?: CloseFailure;
}

export class EventsModel implements IoModel {
  readonly ioThreads = 1;
  readonly closed: Promise<void>;
  accepted = 0;
  readonly #context: IoModelContext;
  readonly #listener: Server;
  readonly #connected = new Set<Client>();
  readonly #writeScheduler = new WriteScheduler<Client>((client) => this.#send(client));
  /** Clients with nothing to write until more of the text is on disk. */
  readonly #awaitingDurability = new Set<Client>();
  readonly #coalescer: ReplyCoalescer;
  readonly #stalls: NodeJS.Timeout | undefined;
  #stopping = false;
  #resolveClosed = (): void => {};

  constructor(context: IoModelContext) {
    this.#context = context;
    this.#listener = createServer({
      allowHalfOpen: true, // a client that has ended its side is still owed its replies
      noDelay: !context.nagle,
      highWaterMark: 0, // so that 'drain' follows every write, however small, and can be waited for
      ...KEEP_ALIVE,
    });
    admit(this.#listener, context, (socket) => this.#accept(socket));
    this.#coalescer = new ReplyCoalescer(context.nagle);
    this.#stalls = watchSockets(this.#connected, context.stallTimeoutMs);
    context.journal?.onDurable(() => this.#onDurable());
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  // --- listen and accept ---

  listen(): Promise<Address> {
    return listen(this.#listener, this.#context);
  }

  #accept(socket: Socket): void {
    this.accepted += 1;
    const client: Client = { id: this.accepted, socket, session: new Session(this.#context.text) };
    this.#connected.add(client);
    socket.on('error', ({ message }) => {
      client.failure ??= { reason: 'broken', detail: message };
    });
    readIntoSharedBuffer(socket, (chunk) => this.#receive(client, chunk));
    socket.on('end', () => this.#receiveEnd(client));
    socket.on('drain', () => this.#onDrain(client));
    socket.on('close', () => this.#onClose(client));
    const remote = socketAddress(socket.remoteAddress, socket.remotePort);
    const local = socketAddress(socket.localAddress, socket.localPort);
    this.#context.log.record({ type: 'accepted', client: client.id, remote, local });
    if (this.accepted === this.#context.clients) this.#listener.close();
  }

  // --- receive ---

  #receive(client: Client, chunk: Uint8Array): void {
    client.session.receive(chunk);
    this.#context.log.read(client.id, chunk.length, client.session);
    this.#send(client, chunk.length);
  }

  #receiveEnd(client: Client): void {
    this.#context.log.read(client.id, 0, client.session);
    client.session.end();
    this.#send(client);
  }

  // --- send ---

  /**
   * One turn: writes some of what is owed. While anything is left over, the client is not read from; nor after a full
   * receive until the others had their turns, since libuv would go on with up to 32 of the same socket.
   * @param received how many bytes have just come
   */
  #send(client: Client, received = 0): void {
    const { socket, session } = client;
    let left = writeQuantum(this.#connected.size);
    for (
      let pieces = 0;
      (pieces < MIN_WRITES_PER_TURN || left > 0) && socket.writableLength === 0;
      pieces += 1
    ) {
      const output = this.#coalescer.next(session);
      if (output === undefined) break;
      socket.write(output);
      this.#context.log.wrote(client.id, output.length, socket.writableLength);
      left -= output.length;
    }
    if (socket.writableLength > 0) this.#coalescer.detach();
    if (session.closing !== undefined) closeLingering(socket, session.closing, this.#context.stallTimeoutMs);
    else if (socket.writableLength > 0)
      socket.pause(); // until 'drain' says that the kernel has taken all
    else if (session.wantsInput && received < RECEIVE_BYTES) socket.resume();
    else {
      socket.pause(); // until more is on disk, or the others had their turns
      (left > 0 && !session.wantsInput ? this.#awaitingDurability : this.#writeScheduler).add(client);
    }
    this.#context.journal?.commit();
  }

  /** More of the text is on disk. */
  #onDurable(): void {
    for (const client of [...this.#awaitingDurability]) {
      if (this.#awaitingDurability.delete(client)) this.#send(client);
    }
  }

  /** The kernel has taken everything written. */
  #onDrain(client: Client): void {
    if (client.socket.isPaused()) this.#writeScheduler.add(client);
  }

  // --- close ---

  #onClose(client: Client): void {
    this.#connected.delete(client);
    this.#writeScheduler.delete(client);
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
    for (const client of this.#connected) {
      client.failure ??= why ?? drainTimeout(client.socket, client.session);
      client.socket.destroy();
    }
  }

  #settle(): void {
    if (this.#listener.listening || this.#connected.size > 0) return;
    clearInterval(this.#stalls);
    this.#resolveClosed();
  }
}
