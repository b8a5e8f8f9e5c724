// What poll, nonblocking, blocking and threads share: each runs in a thread of its own, which never comes back to an
// event loop. This is the main thread's side of it: it makes the listening socket, starts the thread, hears from it,
// wakes it when the server stops, and closes descriptors that the thread is done with.

import { lookup } from 'node:dns/promises';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Address } from '../../../shared/address.js';
import { errorCode } from '../../../shared/errors.js';
import { libc, SHUT_RD, SHUT_RDWR } from '../../../shared/libc/libc.js';
import type { Closing } from '../../core/session.js';
import { closeLingering, LINGER_MS } from '../../limits/lingering-close.js';
import { watchStalls } from '../../limits/stall-detector.js';
import type { CloseFailure, LogEntry } from '../../log/log.js';
import type { IoModel, IoModelContext } from '../model.js';
import { ControlBlock, NO_CLIENT } from './control-block.js';
import type { AcceptedClient, WorkerMessage, WorkerOptions } from './worker-context.js';

const ENTRY = new URL('./worker-main.js', import.meta.url);
const WATCH_MS = 1_000;
/** How a thread fails to start, or to load its files, when the system gives no more threads or descriptors. */
const NO_THREAD: ReadonlySet<string | undefined> = new Set(['ERR_WORKER_INIT_FAILED', 'EMFILE', 'ENFILE']);
/** What such an error says when it is threads that are missing. */
const NO_MORE_THREADS = 'EAGAIN';

export abstract class WorkerModel implements IoModel {
  /** The address of the file whose `serve` runs in the thread. */
  protected abstract readonly file: string;
  readonly closed: Promise<void>;
  accepted = 0;
  protected readonly context: IoModelContext;
  protected readonly control = new ControlBlock();
  readonly #mutex = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  /** Clients' sockets that are open, by descriptor, as far as the threads' messages have been heard. */
  protected readonly sockets = new Map<number, { readonly fd: number; readonly client: number }>();
  /** Clients that were cut off from here: why their connections broke, their threads do not know. */
  readonly #cut = new Map<number, CloseFailure>();
  readonly #remotes = new Map<number, Address>();
  readonly #lingering = new Set<Socket>();
  /** Threads that have not ended. */
  #running = 0;
  #listener = -1;
  #failure: unknown;
  #deadline: NodeJS.Timeout | undefined;
  #watching: NodeJS.Timeout | undefined;
  #stalls: NodeJS.Timeout | undefined;
  #resolve = (): void => {};
  #reject = (_error: unknown): void => {};

  constructor(context: IoModelContext) {
    this.context = context;
    this.closed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get ioThreads(): number {
    return 1;
  }

  async listen(): Promise<Address> {
    const { address: host } = await lookup(this.context.host);
    this.#listener = libc().listen({ host, port: this.context.port }, this.context.backlog);
    this.startThread(this.file, 0, this.#listener);
    this.#watch();
    this.#watchStalls();
    process.once('exit', this.#wakeAll);
    return libc().localAddress(this.#listener);
  }

  /** For the log: the listening socket's descriptor. */
  get fd(): number {
    return this.#listener;
  }

  stop(): void {
    if (this.control.stopping) return;
    this.context.log.record({ type: 'stopping', connected: this.#remotes.size });
    this.control.stop();
    this.wake(SHUT_RD);
    this.#deadline = setTimeout(() => this.abort(), LINGER_MS);
    this.#settle();
  }

  abort(): void {
    this.control.abort();
    this.wake(SHUT_RDWR);
    for (const socket of this.#lingering) socket.destroy();
  }

  /** However the process ends, an uncaught error included, it waits for its threads: none may stay asleep. */
  readonly #wakeAll = (): void => this.abort();

  /**
   * Wakes who sleeps in a call of the system; with SHUT_RD, replies can still be sent. A descriptor that has been closed
   * may be somebody else's by now: then the thread has not slept on it since, or its next message will tell.
   */
  protected wake(how: typeof SHUT_RD | typeof SHUT_RDWR): void {
    const { fd } = this.control;
    if (fd === this.#listener) libc().shutdown(fd, SHUT_RDWR);
    else if (this.sockets.has(fd)) libc().shutdown(fd, how);
  }

  /** A client wants a thread of its own: only where the model has such threads. */
  protected admit(_client: AcceptedClient): void {
    throw new Error('this model has no threads for clients');
  }

  protected startThread(file: string, number: number, fd: number): Worker {
    const { text, journal: _, log, ...options } = this.context;
    const data: WorkerOptions = {
      file,
      options,
      memory: text.memory,
      control: this.control.memory,
      mutex: this.#mutex,
      detailed: log.detailed,
      number,
      fd,
    };
    const worker = new Worker(fileURLToPath(ENTRY), { workerData: data }); // it may throw, or have an 'error' later
    this.#running += 1;
    worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
    worker.on('error', (error) => {
      if (number > 0 && this.dropWithoutThread(number, fd, error)) return;
      this.#failure ??= error;
      this.stop();
    });
    worker.on('exit', () => {
      this.#running -= 1;
      this.#settle();
    });
    return worker;
  }

  /** Closes a client whose thread could not start. False: that is not what the error says. */
  protected dropWithoutThread(client: number, fd: number, error: unknown): boolean {
    if (!(error instanceof Error) || !NO_THREAD.has(errorCode(error))) return false;
    const missing =
      error.message === NO_MORE_THREADS ? 'the system starts no' : 'no descriptor is free for its';
    this.dropClient(client, fd, `${missing} thread`);
    return true;
  }

  /** Closes a client that has no thread. */
  protected dropClient(client: number, fd: number, detail: string): void {
    this.#remotes.delete(client);
    this.context.log.record({
      type: 'closed',
      client,
      reason: 'broken',
      detail,
      letters: 0,
      controlCharacters: 0,
    });
    this.#release(fd, 'broken');
  }

  #onMessage(message: WorkerMessage): void {
    if (message.kind === 'log') this.#forwardLog(message.entry);
    else if (message.kind === 'admit') this.admit(message.client);
    else this.#release(message.fd, message.reason);
  }

  #release(fd: number, reason: Closing | 'broken'): void {
    this.sockets.delete(fd);
    if (reason === 'full' || reason === 'stopped') this.#linger(fd, reason);
    else libc().close(fd);
  }

  #forwardLog(entry: LogEntry): void {
    const { event } = entry;
    if (event.type === 'accepted') {
      this.accepted += 1;
      this.#remotes.set(event.client, event.remote);
      if (event.fd !== undefined) this.sockets.set(event.fd, { fd: event.fd, client: event.client });
      if (this.control.stopping) this.wake(SHUT_RD);
    }
    if (event.type !== 'closed') {
      this.context.log.pass(entry);
      return;
    }
    this.#remotes.delete(event.client);
    const cut = this.#cut.get(event.client); // its thread may have seen an error, or an end of the stream
    this.#cut.delete(event.client);
    this.context.log.pass({ ...entry, event: { ...event, ...cut } });
  }

  /** From here on the event loop reads what still comes, as limits.ts says why. */
  #linger(fd: number, reason: 'full' | 'stopped'): void {
    const socket = new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
    this.#lingering.add(socket);
    socket.on('error', () => {}); // it was to be closed anyway
    socket.on('close', () => {
      this.#lingering.delete(socket);
      this.#settle();
    });
    closeLingering(socket, reason, this.context.stallTimeoutMs);
  }

  /** Once a second: who is waited for, or how much was asked for nothing. */
  #watch(): void {
    let before = this.control.progress;
    let seconds = 0;
    this.#watching = setInterval(() => {
      const now = this.control.progress;
      const still = now.asked === before.asked && now.client === before.client && now.client !== NO_CLIENT;
      seconds = still ? seconds + 1 : 0;
      const remote = this.#remotes.get(now.client);
      const { log } = this.context;
      if (remote !== undefined && (seconds === 1 || (seconds > 1 && log.detailed))) {
        log.record({ type: 'blocked', client: now.client, remote, seconds });
      }
      const [asked, answered] = [(now.asked - before.asked) | 0, (now.answered - before.answered) | 0];
      if (log.detailed && asked > answered + 1) log.record({ type: 'polled', polls: asked, hits: answered });
      before = now;
    }, WATCH_MS).unref();
  }

  /** A thread may be asleep in a send to the client that has stalled, so the kernel is asked, and the reset wakes it. */
  #watchStalls(): void {
    const { stallTimeoutMs } = this.context;
    const taken = ({ fd }: { fd: number }) => libc().acknowledged(fd);
    this.#stalls = watchStalls(this.sockets, stallTimeoutMs, taken, ({ fd, client }, why) => {
      this.#cut.set(client, why);
      libc().reset(fd);
    });
  }

  #settle(): void {
    if (this.#running > 0 || this.#lingering.size > 0 || this.#listener < 0) return;
    process.off('exit', this.#wakeAll);
    clearTimeout(this.#deadline);
    clearInterval(this.#watching);
    clearInterval(this.#stalls);
    for (const fd of [this.#listener, ...this.sockets.keys()]) libc().close(fd); // sockets are left only after a breakdown
    this.#listener = -1;
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure);
  }
}
