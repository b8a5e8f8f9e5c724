// What the verdict is made from: one sample of the server, joined with what the wall knows of each client, and for how long each
// of it has been so. A single sample shows waits that lasted a millisecond; durations tell them from real ones.

import type { KernelView, ServerConnection } from '../../shared/kernel-view.js';

/** What the wall knows of a client without the kernel. */
export interface KnownClient {
  readonly id: number;
  readonly name: string;
  /** The client's port as the server sees it. */
  readonly peerPort: number;
  /** Letters that the bridge has sent and the server has not answered; 0 for clients that are not bridged. */
  readonly unanswered: number;
  /** How long the first of them has waited, in milliseconds. */
  readonly unansweredMs: number;
}

/** All durations are in milliseconds, 0 if it was not so in the sample before. */
export interface SnapshotClient extends KnownClient {
  readonly unreadBytes: number;
  readonly unreadMs: number;
  /** For how long there have been replies that the client's kernel has not acknowledged. */
  readonly unsentMs: number;
  readonly notAcceptedMs: number;
  /** The client has gone, and the server has not closed the connection. */
  readonly left: boolean;
}

export interface SnapshotThread {
  readonly tid: number;
  /** undefined: it runs. */
  readonly call?: string;
  /** The client for which it sleeps. */
  readonly client?: number;
  readonly accepts?: true;
  /** Milliseconds in which it has been seen in this state. */
  readonly sinceMs: number;
}

export interface Snapshot {
  /** The I/O model, if the server prints it. */
  readonly model?: string;
  /** Why there is no view of the kernel; then there are no threads, and clients have the bridge's durations alone. */
  readonly unavailable?: string;
  /** The thread that a process starts with. */
  readonly mainThread: number;
  readonly clients: readonly SnapshotClient[];
  readonly threads: readonly SnapshotThread[];
  /** Time on a core and time waiting for one, as a share of one core; undefined if it is not known. */
  readonly cpuWanted?: number;
}

/** Remembers since when connections and threads are as they are. */
export class SampleHistory {
  #unread = new Map<number, number>();
  #unsent = new Map<number, number>();
  #notAccepted = new Map<number, number>();
  #threads = new Map<string, number>();

  /** @param now milliseconds, as of the sample */
  snapshot(
    now: number,
    view: KernelView,
    known: readonly KnownClient[],
    facts: Pick<Snapshot, 'model' | 'mainThread' | 'cpuWanted'>,
  ): Snapshot {
    if (!view.available) return { ...facts, unavailable: view.why, threads: [], clients: known.map(unseen) };
    const open = view.connections.filter(({ state }) => state !== 'closing');
    const seen = new Map(open.map((connection) => [connection.peerPort, connection]));
    const ports = (holds: (connection: ServerConnection) => boolean) =>
      open.filter(holds).map(({ peerPort }) => peerPort);
    this.#unread = continued(
      this.#unread,
      ports(({ unreadBytes }) => unreadBytes > 0),
      now,
    );
    this.#unsent = continued(
      this.#unsent,
      ports(({ unsentBytes }) => unsentBytes > 0),
      now,
    );
    this.#notAccepted = continued(
      this.#notAccepted,
      ports(({ accepted }) => !accepted),
      now,
    );
    const durationOf = (since: ReadonlyMap<number, number>, port: number) => now - (since.get(port) ?? now);
    const ids = new Map(known.map(({ id, peerPort }) => [peerPort, id]));
    const threads = view.threads.flatMap((thread): SnapshotThread[] => {
      if (thread.state !== 'sleeping')
        return thread.state === 'running' ? [{ tid: thread.tid, sinceMs: 0 }] : [];
      const { tid, call, accepts, peerPort } = thread;
      const client = peerPort === undefined ? undefined : ids.get(peerPort);
      return [
        { tid, call, ...(client !== undefined && { client }), ...(accepts && { accepts }), sinceMs: 0 },
      ];
    });
    const keyOf = ({ tid, call, client }: SnapshotThread) => `${tid} ${call} ${client}`;
    this.#threads = continued(this.#threads, threads.map(keyOf), now);
    return {
      ...facts,
      threads: threads.map((thread) => ({
        ...thread,
        sinceMs: now - (this.#threads.get(keyOf(thread)) ?? now),
      })),
      clients: known.map((client) => {
        const connection = seen.get(client.peerPort);
        if (connection === undefined) return unseen(client);
        return {
          ...client,
          unreadBytes: connection.unreadBytes,
          unreadMs: durationOf(this.#unread, client.peerPort),
          unsentMs: durationOf(this.#unsent, client.peerPort),
          notAcceptedMs: durationOf(this.#notAccepted, client.peerPort),
          left: connection.state === 'peerClosed',
        };
      }),
    };
  }
}

function unseen(client: KnownClient): SnapshotClient {
  return { ...client, unreadBytes: 0, unreadMs: 0, unsentMs: 0, notAcceptedMs: 0, left: false };
}

/** Keeps the times of those that are still so, and adds the others. */
function continued<K>(before: ReadonlyMap<K, number>, now: readonly K[], at: number): Map<K, number> {
  return new Map(now.map((key) => [key, before.get(key) ?? at]));
}
