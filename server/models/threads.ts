// threads: a thread for each client, asleep in a blocking receive of its own, and a lock around the shared text.
//
// Each thread waits for one client only, so no client blocks another, and a thread's code is as simple as a server for one
// client: the tutorial's chapter 5. Its weaknesses: two threads may append at the same time, so append needs a lock
// (without it, with --no-lock, letters get lost); and each client costs a thread, here with a V8 heap of its own.
// The lock is held during append only: a reply is a view of what was there, however long sending it takes.

import * as libc from '../../shared/libc/sockets.js';
import type { CloseFailure } from '../core/close-reason.js';
import type { Session } from '../core/session.js';
import { withSyntheticLoad } from '../core/synthetic-load.js';
import { Text } from '../core/text.js';
import type { TextBuffer } from '../core/text-buffer.js';
import { DRAIN_TIMEOUT } from '../limits/lingering-close.js';
import { MAX_WRITE_QUANTUM } from '../limits/write-scheduler.js';
import { PendingWrite, ReplyGatherer } from './pending-write.js';
import { Acceptor } from './worker/acceptor.js';
import { Mutex } from './worker/mutex.js';
import { type AcceptedClient, peerFailure, type WorkerContext } from './worker/worker-context.js';
import { WorkerModel } from './worker/worker-model.js';

const RECEIVE_BYTES = 16 * 1024;

export class ThreadsModel extends WorkerModel {
  protected readonly file = import.meta.url;
  #most = 0;

  override get ioThreads(): number {
    return 1 + this.#most;
  }

  protected override admit({ id, fd }: AcceptedClient): void {
    if (libc.hungUp(fd)) this.dropClient(id, fd, 'reset before its thread was started');
    else this.#start(id, fd);
    this.control.takenOver();
  }

  #start(client: number, fd: number): void {
    try {
      this.startThread(this.file, client, fd).on('exit', () => this.control.countThreads(-1));
      this.control.countThreads(1);
      this.#most = Math.max(this.#most, this.control.threads);
    } catch (error) {
      if (!this.dropWithoutThread(client, fd, error)) throw error;
    }
  }

  protected override wake(how: typeof libc.SHUT_RD | typeof libc.SHUT_RDWR): void {
    super.wake(how);
    for (const fd of this.clients.sockets.keys()) libc.shutdown(fd, how);
  }
}

/** Runs in the thread that accepts, and in the thread of each client. */
export function serve(thread: WorkerContext): void {
  if (thread.data.number === 0) accept(thread);
  else new ClientThread(thread).run();
}

// --- accept ---

/** One client at a time: a connection that is reset before its thread has started must not take another's place. */
function accept(thread: WorkerContext): void {
  const acceptor = new Acceptor(thread, { O_NONBLOCK: false });
  while (acceptor.open) {
    acceptor.wait();
    const client = acceptor.accept(thread.control.threads);
    if (client !== undefined) thread.control.handOver(() => thread.post({ kind: 'admit', client }));
  }
}

class ClientThread {
  readonly #thread: WorkerContext;
  readonly #buffer = Buffer.alloc(RECEIVE_BYTES);
  readonly #session: Session;
  readonly #output: PendingWrite;

  constructor(thread: WorkerContext) {
    this.#thread = thread;
    const { options, data } = thread;
    const locked = () => new LockedText(data.memory, new Mutex(data.mutex));
    const text = options.lock ? withSyntheticLoad(locked(), options.cpuRounds) : thread.text;
    this.#session = thread.openSession(data.number, text);
    this.#output = new PendingWrite(this.#session, new ReplyGatherer(text, options.nagle));
  }

  run(): void {
    const { control } = this.#thread;
    try {
      while (this.#output.wants !== 'close') {
        if (control.stopping) this.#session.stop();
        else this.#receive();
        this.#send();
      }
      this.#close();
    } catch (error) {
      this.#close(control.aborted ? DRAIN_TIMEOUT : peerFailure(error));
    }
  }

  // --- receive ---

  #receive(): void {
    const { control, data, log } = this.#thread;
    const length = libc.recv(data.fd, this.#buffer);
    if (control.stopping) return; // it was woken for that, or its input came too late
    if (length === 0) this.#session.end();
    else this.#session.receive(this.#buffer, length);
    log.read(data.number, length, this.#session);
  }

  // --- send ---

  /** Sends all pending replies. */
  #send(): void {
    const { data, log } = this.#thread;
    const next = () => this.#output.next(MAX_WRITE_QUANTUM);
    for (let message = next(); message !== undefined; message = next()) {
      const taken = libc.sendmsg(data.fd, message);
      this.#output.consume(taken);
      log.wrote(data.number, message.length, message.length - taken);
    }
  }

  // --- close ---

  #close(failure?: CloseFailure): void {
    const { number: id, fd } = this.#thread.data;
    this.#thread.release({ id, fd, session: this.#session }, failure);
  }
}

/** A text to which several threads append, one at a time. */
class LockedText extends Text {
  readonly #mutex: Mutex;

  constructor(memory: TextBuffer, mutex: Mutex) {
    super(memory);
    this.#mutex = mutex;
  }

  override append(letter: number): number {
    this.#mutex.lock();
    const offset = super.append(letter);
    this.#mutex.unlock();
    return offset;
  }
}
