// What an I/O thread works with. worker-model.ts starts it through worker-main.ts, and it exits when the model's `serve`
// returns. It never returns to an event loop, so it cannot print or receive messages: it posts log entries to the main
// thread, which also closes the descriptors that this thread releases.

import { parentPort } from 'node:worker_threads';
import type { Address } from '../../../shared/address.js';
import * as libc from '../../../shared/libc/sockets.js';
import type { CloseFailure, Closing } from '../../core/close-reason.js';
import type { Session } from '../../core/session.js';
import type { Text } from '../../core/text.js';
import type { TextBuffer } from '../../core/text-buffer.js';
import type { LogEntry } from '../../log/events.js';
import { Log } from '../../log/log.js';
import type { OpenSession } from '../../measure/session-opener.js';
import type { IoModelOptions } from '../model.js';
import { ControlBlock } from './control-block.js';

/** The workerData of a thread. */
export interface WorkerOptions {
  /** The file whose `serve` is called. */
  readonly file: string;
  readonly options: IoModelOptions;
  /** Of the text: each thread has its own Text over it. */
  readonly memory: TextBuffer;
  /** For figures about connections. */
  readonly meter: SharedArrayBuffer | undefined;
  readonly control: SharedArrayBuffer;
  readonly mutex: SharedArrayBuffer;
  readonly detailed: boolean;
  readonly appended: boolean;
  /** 0: the thread that accepts; otherwise the client that the thread serves. */
  readonly number: number;
  /** The listening socket, or the socket of that client. */
  readonly fd: number;
}

export interface AcceptedClient {
  readonly id: number;
  readonly fd: number;
  readonly remote: Address;
}

/** What a thread posts to the main thread. */
export type WorkerMessage =
  | { readonly kind: 'log'; readonly entry: LogEntry }
  /** The main thread is to close this descriptor. */
  | { readonly kind: 'release'; readonly fd: number; readonly reason: Closing | 'broken' }
  /** The main thread is to start a thread for this client. */
  | { readonly kind: 'admit'; readonly client: AcceptedClient };

export class WorkerContext {
  readonly options: IoModelOptions;
  readonly control: ControlBlock;
  readonly text: Text;
  readonly log: Log;
  readonly data: WorkerOptions;
  readonly openSession: OpenSession;

  constructor(data: WorkerOptions, text: Text, openSession: OpenSession) {
    this.data = data;
    this.text = text;
    this.openSession = openSession;
    this.options = data.options;
    this.control = new ControlBlock(data.control);
    this.log = new Log({
      detailed: data.detailed,
      appended: data.appended,
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

  /** Ends a client, for its session's reason or because of a failure. */
  release({ id, fd, session }: { id: number; fd: number; session: Session }, failure?: CloseFailure): void {
    this.log.closed(id, session, failure);
    this.post({
      kind: 'release',
      fd,
      reason: failure === undefined ? (session.closing ?? 'broken') : 'broken',
    });
  }
}

/** A system error on a client's socket ends that client; any other error is a bug and thrown on. */
export function peerFailure(error: unknown): CloseFailure {
  if (!(error instanceof libc.SystemError)) throw error;
  return { reason: 'broken', detail: error.message };
}
