// What follows from the events of the log: which clients are connected, how many were rejected and closed for which reason,
// whether the server can serve clients, and which text it has.

import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Address } from '../../shared/address.js';
import { plural } from '../../shared/numbers.js';
import { isContinuation } from '../../shared/utf8.js';
import type { ClusterStatus } from '../cluster/status.js';
import { type LogEntry, REJECTION_CAUSES, type RejectionCause, type ServerEvent } from '../log/events.js';

/** Where the text is. */
export interface Stored {
  /** The text up to its durable length: a view of its own memory, and always a prefix of the next one. */
  readonly text: () => Uint8Array;
  /** The state of the connection to etcd; undefined: not in a cluster, or not joined yet. */
  readonly cluster: () => ClusterStatus | undefined;
}

export interface ConnectedClient {
  readonly client: number;
  readonly remote: Address;
  readonly local: Address;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly fd: number | undefined;
}

export class Monitor {
  accepted = 0;
  readonly connected = new Map<number, ConnectedClient>();
  readonly rejected = new Map<RejectionCause, number>(REJECTION_CAUSES.map((cause) => [cause, 0]));
  readonly closed = new Map<string, number>([['stalled', 0]]);
  /** Distinguishes this text from any other; the same again after a restart with the same journal or cluster. */
  textId: string = randomUUID();
  /** Whether the listening socket is open, or was. */
  started = false;
  #stopping = false;
  /** Why letters cannot be stored; undefined: they can. */
  #storage: string | undefined;
  readonly #text: Stored['text'];
  readonly #cluster: Stored['cluster'];
  /** Letters of the text, up to an offset: each byte is read once. */
  #counted = { offset: 0, letters: 0 };
  #recovered = 0;

  constructor({ text, cluster }: Stored) {
    this.#text = text;
    this.#cluster = cluster;
  }

  record({ at, event }: LogEntry): void {
    switch (event.type) {
      case 'accepted': {
        const { client, remote, local, fd } = event;
        this.accepted += 1;
        this.connected.set(client, { client, remote, local, since: at, fd });
        break;
      }
      case 'rejected':
        count(this.rejected, event.cause);
        break;
      case 'closed':
        this.connected.delete(event.client);
        count(this.closed, event.reason);
        break;
      default:
        this.#follow(event);
    }
  }

  /** Why the server cannot serve clients now; undefined: it can. */
  get problem(): string | undefined {
    if (this.#stopping) return 'the server is stopping';
    if (!this.started) return 'the server is starting';
    const cluster = this.#cluster();
    return cluster === undefined ? this.#storage : cluster.notReady;
  }

  /** What /readyz says beside `problem`, of a server in a cluster. */
  get clusterState(): string {
    const status = this.#cluster();
    if (status === undefined) return '';
    const {
      name,
      member = 'no member',
      groups,
      groupsBehind,
      pendingLetters,
      roundTripMs = Number.NaN,
    } = status;
    const behind = `behind by ${plural(pendingLetters, 'own letter')} and ${plural(groupsBehind, 'group')}`;
    return `\ncluster text ${name}: ${member}, ${plural(groups, 'group')}, round trip ${roundTripMs.toFixed(1)} ms, ${behind}`;
  }

  /** Letters that were appended since the start. */
  get letters(): number {
    return this.#countLetters() - this.#recovered;
  }

  #follow(event: ServerEvent): void {
    if (event.type === 'journalOpened') this.textId = fileId(event.file);
    if (event.type === 'clusterJoined') this.textId = event.name;
    if (event.type === 'listening') {
      this.started = true;
      this.#recovered = this.#countLetters();
    }
    if (event.type === 'stopping') this.#stopping = true;
    if (event.type === 'diskFull') this.#storage = "the journal's disk is full";
    if (event.type === 'diskFree') this.#storage = undefined;
    if (event.type === 'journalFailed') this.#storage = event.message;
  }

  #countLetters(): number {
    const text = this.#text();
    let { offset, letters } = this.#counted;
    for (; offset < text.length; offset += 1) {
      if (!isContinuation(text[offset] as number)) letters += 1;
    }
    this.#counted = { offset, letters };
    return letters;
  }
}

/** Another file at the same place has another id. */
function fileId(file: string): string {
  const { ino, birthtimeMs } = statSync(file);
  return `${ino.toString(36)}-${Math.round(birthtimeMs).toString(36)}`;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
