// What can happen on the server: a typed list of events, each recorded once. Fields are raw values; text-format.ts and
// json-format.ts say how they are written.

import type { Address } from '../../shared/address.js';
import type { CloseReason } from '../core/close-reason.js';

/** Why a connection was rejected: by --allow, because the server is full, for want of file descriptors, or in TLS. */
export const REJECTION_CAUSES = ['address', 'full', 'descriptors', 'tls'] as const;
export type RejectionCause = (typeof REJECTION_CAUSES)[number];

export type ServerEvent =
  | { type: 'listening'; address: Address; io: string; fd?: number }
  /** The certificate of TLS was read, at the start or again. */
  | { type: 'certificate'; file: string; subject: string; validTo: string }
  /** The HTTP port listens. */
  | { type: 'http'; address: Address }
  | { type: 'reachable'; address: Address; interface: string; mac: string }
  | { type: 'warning'; message: string }
  | { type: 'accepted'; client: number; remote: Address; local: Address; fd?: number }
  | { type: 'rejected'; remote: Address; cause: RejectionCause; reason: string }
  /** `count` more since the last event about rejections; `remote` and `reason` of the last. */
  | { type: 'rejectedSummary'; count: number; remote: Address; reason: string }
  | {
      type: 'closed';
      client: number;
      reason: CloseReason;
      detail?: string;
      letters: number;
      controlCharacters: number;
    }
  | { type: 'stopping'; connected: number }
  /** `cut` bytes at the file's end were no letters, and were moved to the file `keptIn`. */
  | { type: 'journalOpened'; file: string; bytes: number; cut: number; keptIn?: string }
  /** `bytes` of the text wait for room on the disk. */
  | { type: 'diskFull'; reason: string; bytes: number }
  | { type: 'diskFree' }
  | { type: 'journalFailed'; message: string }
  /** This server shares the text `name` of an etcd, and has it as etcd has it. */
  | { type: 'clusterJoined'; name: string; server: string; groups: number; bytes: number }
  /** A member of etcd was left for the next one. */
  | { type: 'memberLost'; member: string; reason: string }
  | { type: 'etcdUnavailable'; message: string }
  | { type: 'etcdAvailable' }
  | { type: 'clusterFailed'; message: string }
  /** The only I/O thread sleeps in `call` for one client, so all others wait. */
  | { type: 'blocked'; client: number; remote: Address; call: 'recv' | 'send'; seconds: number }
  /** A letter is in the text and ends at `offset`; only with the option `appended`. */
  | { type: 'appended'; client: number; offset: number; codePoint: number }
  | ({ type: 'stats' } & ServerStats)
  // These two are the command's: lines of the log that could not be written, and why it exits with which status.
  | { type: 'logDropped'; lines: number; reason: string }
  | { type: 'failed'; message: string; status: 1 | 2 }
  | Detail;

/** Events of the hot path, made only for a log that is `detailed`. */
type Detail =
  | {
      type: 'read';
      client: number;
      bytes: number;
      pendingLetters: readonly string[];
      undecoded: number;
      midLetter: boolean;
    }
  | { type: 'wrote'; client: number; bytes: number; unsent: number }
  | { type: 'polled'; polls: number; hits: number }
  /** Own letters have come back from etcd, as one group; the text has `groups` now, and `behind` own letters wait. */
  | { type: 'committed'; bytes: number; groups: number; behind: number; milliseconds: number };

/** What a server has done since it started, and what that cost its process. */
export interface ServerStats {
  /** Appended since the start, in a cluster by all servers; `recovered` from the journal or the cluster at the start. */
  readonly letters: number;
  readonly recovered: number;
  /** Accepted clients. */
  readonly clients: number;
  /** Connections that were not admitted, and clients that were closed because they did not read their replies. */
  readonly rejected: number;
  readonly stalled: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly contextSwitches: number;
  readonly ioThreads: number;
}

/** An event with its time and its thread: 0, or the number of the client that the thread serves. */
export interface LogEntry {
  /** Milliseconds since 1970, from a clock that never goes back within a thread. */
  readonly at: number;
  readonly thread: number;
  readonly event: ServerEvent;
}

/** Whether an event is one of the hot path. */
export function isDetail({ type }: ServerEvent): boolean {
  return DETAILS.has(type);
}

const DETAILS: ReadonlySet<ServerEvent['type']> = new Set([
  'read',
  'wrote',
  'polled',
  'committed',
] satisfies Detail['type'][]);
