// What an I/O model is: one way to move bytes between sockets and sessions. Text, sessions, wire and limits are the
// same for all; only how it waits for clients differs.

import type { Address } from '../../shared/address.js';
import type { IoModelName } from '../../shared/options.js';
import type { CloseFailure } from '../core/close-reason.js';
import type { Committer } from '../core/durability.js';
import type { Session } from '../core/session.js';
import type { Text } from '../core/text.js';
import type { AdmissionOptions, Handshaker } from '../limits/admission.js';
import type { Log } from '../log/log.js';

export interface IoModelOptions extends AdmissionOptions {
  readonly io: IoModelName;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** A listening socket that was inherited, in place of host and port. */
  readonly listenFd: number | undefined;
  /** The listener closes after this many clients, and the model when all have left; undefined: never. */
  readonly clients: number | undefined;
  /** A client is disconnected if it reads less than 1 KiB of its pending replies in this time; 0: never. */
  readonly stallTimeoutMs: number;
  /** Leaves Nagle's algorithm on, and a reply and its LF to two writes, to show what that costs. */
  readonly nagle: boolean;
  /** How many connections may wait to be accepted, as listen(2) takes it. */
  readonly backlog: number;
  /** nonblocking: how long to sleep when a whole round has found nothing; 0: go round again at once. */
  readonly idleSleepMs: number;
  /** Rounds of computing before each letter is appended, for the laboratory. */
  readonly cpuRounds: number;
  /** threads: whether append is locked. */
  readonly lock: boolean;
}

/** What a model works with. */
export interface IoModelContext extends IoModelOptions {
  readonly text: Text;
  /** Where letters become durable; only `events` has one. */
  readonly journal: Committer | undefined;
  readonly log: Log;
  /** events: what makes connections secure; undefined: they are not. */
  readonly tls?: Handshaker | undefined;
  /** Makes the session of an accepted client, for a model on the main thread. */
  readonly openSession: (client: number) => Session;
  /** Shared memory for figures about each connection; undefined: none are kept. */
  readonly meter: SharedArrayBuffer | undefined;
}

/** Every file of a model exports a class `Model` that implements this, made from an IoModelContext. */
export interface IoModel {
  /** Resolves to the bound address once clients are accepted; rejects with a system error. Call it once. */
  listen(): Promise<Address>;
  /** Resolves when no client is accepted any more and the last one has disconnected; rejects if the model fails. */
  readonly closed: Promise<void>;
  /** Takes no new clients, answers the letters that are in the text, and closes, within LINGER_MS. */
  stop(): void;
  /** Takes no new clients and ends every connection at once, also of threads that sleep in a system call. */
  abort(why?: CloseFailure): void;
  /** The listening socket's descriptor, where the model sees it. */
  readonly fd?: number;
  /** How many clients were accepted so far. */
  readonly accepted: number;
  /** How many threads wait for sockets; of threads that come and go, the most there were. */
  readonly ioThreads: number;
}
