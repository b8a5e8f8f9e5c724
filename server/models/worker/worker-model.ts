// What poll, nonblocking, blocking and threads share: each runs in a worker thread that never returns to an event loop.
// This is the main thread's side: it opens the listening socket, starts the thread, receives its messages, wakes it when
// the server stops, and closes the descriptors that the thread has released.

import { lookup } from 'node:dns/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Address } from '../../../shared/address.js';
import { errorCode } from '../../../shared/errors.js';
import * as libc from '../../../shared/libc/sockets.js';
import { acknowledged } from '../../../shared/libc/tcp-info.js';
import type { Closing } from '../../core/close-reason.js';
import { LINGER_MS } from '../../limits/lingering-close.js';
import { watchStalls } from '../../limits/stall-detector.js';
import type { LogEntry } from '../../log/events.js';
import { entryOf } from '../../log/log.js';
import type { IoModel, IoModelContext } from '../model.js';
import { ClientRegistry } from './client-registry.js';
import { ControlBlock } from './control-block.js';
import { LingeringSockets } from './lingering-sockets.js';
import { monitorWaits } from './wait-monitor.js';
import type { AcceptedClient, WorkerMessage, WorkerOptions } from './worker-context.js';

const ENTRY = new URL('./worker-main.js', import.meta.url);
/** The errors of a thread that cannot start or load its files for want of threads or file descriptors. */
const NO_THREAD: ReadonlySet<string | undefined> = new Set(['ERR_WORKER_INIT_FAILED', 'EMFILE', 'ENFILE']);
/** The message of such an error if it is threads that are missing. */
const NO_MORE_THREADS = 'EAGAIN';

export abstract class WorkerModel implements IoModel {
  /** The URL of the file whose `serve` runs in the thread. */
  protected abstract readonly file: string;
  readonly closed: Promise<void>;
  protected readonly context: IoModelContext;
  protected readonly control = new ControlBlock();
  readonly #mutex = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  protected readonly clients = new ClientRegistry();
  readonly #lingering: LingeringSockets;
  /** Threads that have not exited. */
  #liveThreads = 0;
  #listener = -1;
  #failure: unknown;
  #drainDeadline: NodeJS.Timeout | undefined;
  #waitMonitor: NodeJS.Timeout | undefined;
  #stallDetector: NodeJS.Timeout | undefined;
  #resolve = (): void => {};
  #reject = (_error: unknown): void => {};

  constructor(context: IoModelContext) {
    this.context = context;
    this.#lingering = new LingeringSockets(context.stallTimeoutMs, () => this.#settle());
    this.closed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get accepted(): number {
    return this.clients.accepted;
  }

  get ioThreads(): number {
    return 1;
  }

  async listen(): Promise<Address> {
    const { address: host } = await lookup(this.context.host);
    const { port, backlog, listenFd } = this.context;
    this.#listener = listenFd === undefined ? libc.listen({ host, port }, backlog) : libc.adopt(listenFd);
    this.startThread(this.file, 0, this.#listener);
    this.#waitMonitor = monitorWaits(this.control, this.context.log, (client) =>
      this.clients.addressOf(client),
    );
    this.#watchStalls();
    process.once('exit', this.#wakeAll);
    return libc.localAddress(this.#listener);
  }

  /** The descriptor of the listening socket. */
  get fd(): number {
    return this.#listener;
  }

  stop(): void {
    if (this.control.stopping) return;
    this.context.log.record({ type: 'stopping', connected: this.clients.connected });
    this.control.stop();
    this.wake(libc.SHUT_RD);
    this.#drainDeadline = setTimeout(() => this.abort(), LINGER_MS);
    this.#settle();
  }

  abort(): void {
    this.control.abort();
    this.wake(libc.SHUT_RDWR);
    this.#lingering.destroy();
  }

  /** At its exit, also after an uncaught error, a process waits for its threads: none may sleep then. */
  readonly #wakeAll = (): void => this.abort();

  /**
   * Wakes the threads that sleep in a system call; with SHUT_RD, replies can still be sent. The announced descriptor may
   * have been closed and reused by another socket: then the thread does not sleep on it, or its next message is on the way.
   */
  protected wake(how: typeof libc.SHUT_RD | typeof libc.SHUT_RDWR): void {
    const { fd } = this.control;
    if (fd === this.#listener) libc.shutdown(fd, libc.SHUT_RDWR);
    else if (this.clients.sockets.has(fd)) libc.shutdown(fd, how);
  }

  /** Starts a client's own thread, in models that have such threads. */
  protected admit(_client: AcceptedClient): void {
    throw new Error('this model has no client threads');
  }

  protected startThread(file: string, number: number, fd: number): Worker {
    const { text, journal: _, log, openSession: __, meter, ...options } = this.context;
    const data: WorkerOptions = {
      file,
      options,
      memory: text.memory,
      meter,
      control: this.control.memory,
      mutex: this.#mutex,
      detailed: log.detailed,
      appended: log.appended,
      number,
      fd,
    };
    const worker = new Worker(fileURLToPath(ENTRY), { workerData: data }); // it may throw, or emit 'error' later
    this.#liveThreads += 1;
    worker.on('message', (message: WorkerMessage) => this.#onMessage(message));
    worker.on('error', (error) => {
      if (number > 0 && this.dropWithoutThread(number, fd, error)) return;
      this.#failure ??= error;
      this.stop();
    });
    worker.on('exit', () => {
      this.#liveThreads -= 1;
      this.#settle();
    });
    return worker;
  }

  /** Closes a client whose thread could not start. False: the error is another. */
  protected dropWithoutThread(client: number, fd: number, error: unknown): boolean {
    if (!(error instanceof Error) || !NO_THREAD.has(errorCode(error))) return false;
    const missing =
      error.message === NO_MORE_THREADS ? 'the system starts no' : 'no descriptor is free for its';
    this.dropClient(client, fd, `${missing} thread`);
    return true;
  }

  /** Closes a client that has no thread. */
  protected dropClient(client: number, fd: number, detail: string): void {
    const nothing = { letters: 0, controlCharacters: 0 };
    const closed = entryOf({ type: 'closed', client, reason: 'broken', detail, ...nothing });
    this.#forwardLog(closed);
    this.#release(fd, 'broken');
  }

  #onMessage(message: WorkerMessage): void {
    if (message.kind === 'log') this.#forwardLog(message.entry);
    else if (message.kind === 'admit') this.admit(message.client);
    else this.#release(message.fd, message.reason);
  }

  #release(fd: number, reason: Closing | 'broken'): void {
    this.clients.sockets.delete(fd);
    if (reason === 'full' || reason === 'stopped') this.#lingering.add(fd, reason);
    else libc.close(fd);
  }

  #forwardLog(entry: LogEntry): void {
    const updated = this.clients.update(entry);
    if (entry.event.type === 'accepted' && this.control.stopping) this.wake(libc.SHUT_RD);
    this.context.log.pass(updated);
  }

  /** The kernel knows what a client has taken even while its thread sleeps in send(2); the reset wakes that thread. */
  #watchStalls(): void {
    const { stallTimeoutMs } = this.context;
    const taken = ({ fd }: { fd: number }) => acknowledged(fd);
    this.#stallDetector = watchStalls(this.clients.sockets, stallTimeoutMs, taken, ({ fd, client }, why) => {
      this.clients.fail(client, why);
      libc.reset(fd);
    });
  }

  #settle(): void {
    if (this.#liveThreads > 0 || this.#lingering.size > 0 || this.#listener < 0) return;
    process.off('exit', this.#wakeAll);
    clearTimeout(this.#drainDeadline);
    clearInterval(this.#waitMonitor);
    clearInterval(this.#stallDetector);
    for (const fd of [this.#listener, ...this.clients.sockets.keys()]) libc.close(fd); // clients' are left only after a failure
    this.#listener = -1;
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure);
  }
}
