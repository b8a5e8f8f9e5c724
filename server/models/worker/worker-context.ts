// A thread in which a model runs that blocks or never rests. own-thread.ts starts it, with thread-entry.ts; it ends when
// the model's `serve` returns. It cannot print, hear messages or take signals, so it posts what happens to the main
// thread, which also closes the descriptors that this one is done with.

import { parentPort } from 'node:worker_threads';
import type { Address } from '../../../shared/address.js';
import { SystemError } from '../../../shared/libc/libc.js';
import type { Closing, Session } from '../../core/session.js';
import { withSyntheticLoad } from '../../core/synthetic-load.js';
import { Text } from '../../core/text.js';
import type { TextBuffer } from '../../core/text-buffer.js';
import { type CloseFailure, Log, type LogEntry } from '../../log/log.js';
import type { IoModelOptions } from '../model.js';
import { ControlBlock } from './control-block.js';

/** What a thread is started with. */
export interface WorkerOptions {
  /** The file whose `serve` is called. */
  readonly file: string;
  readonly options: IoModelOptions;
  /** The text's: each thread makes a Text of its own of it. */
  readonly memory: TextBuffer;
  readonly control: SharedArrayBuffer;
  readonly mutex: SharedArrayBuffer;
  readonly detailed: boolean;
  /** 0 is the thread that accepts; a client's own thread has the client's number. */
  readonly number: number;
  /** The listening socket, or in a client's own thread that client's socket. */
  readonly fd: number;
}

export interface AcceptedClient {
  readonly id: number;
  readonly fd: number;
  readonly remote: Address;
}

/** What a thread posts. */
export type WorkerMessage =
  | { readonly kind: 'log'; readonly entry: LogEntry }
  /** This descriptor is the main thread's from now on, to be closed. */
  | { readonly kind: 'release'; readonly fd: number; readonly reason: Closing | 'broken' }
  /** This client wants a thread of its own. */
  | { readonly kind: 'admit'; readonly client: AcceptedClient };

export class WorkerContext {
  readonly options: IoModelOptions;
  readonly control: ControlBlock;
  readonly text: Text;
  readonly log: Log;
  readonly data: WorkerOptions;

  constructor(data: WorkerOptions) {
    this.data = data;
    this.options = data.options;
    this.control = new ControlBlock(data.control);
    this.text = withSyntheticLoad(new Text(data.memory), data.options.cpuRounds);
    this.log = new Log({
      detailed: data.detailed,
      thread: data.number,
      sink: (entry) => this.post({ kind: 'log', entry }),
    });
  }

  get listener(): number {
    return this.data.fd;
  }

  post(message: WorkerMessage): void {
    parentPort?.postMessage(message);
  }

  /** A client is done with, for the reason its session gives, or because of an error of the system. */
  release({ id, fd, session }: { id: number; fd: number; session: Session }, failure?: CloseFailure): void {
    this.log.closed(id, session, failure);
    this.post({
      kind: 'release',
      fd,
      reason: failure === undefined ? (session.closing ?? 'broken') : 'broken',
    });
  }
}

/** An error of a call on a client's socket is that client's end. Anything else is a mistake of ours and thrown on. */
export function peerFailure(error: unknown): CloseFailure {
  if (!(error instanceof SystemError)) throw error;
  return { reason: 'broken', detail: error.message };
}
