// An etcd in memory: the keys and their history, as far as a cluster uses them; and connections to its members through a
// network that delays, loses, repeats and drops.

import {
  CompactedError,
  type Etcd,
  type Header,
  type KeyValue,
  NoSpaceError,
  type Page,
  type Range,
} from '../../server/cluster/etcd.js';
import type { Clock } from '../../server/cluster/waiting.js';
import type { Prng } from '../../shared/prng.js';
import type { Host } from './virtual-clock.js';

export class VirtualEtcd {
  clusterId = 1;
  revision = 1;
  full = false;
  /** Changes up to this revision are forgotten. */
  #compacted = 0;
  readonly #keys = new Map<string, KeyValue>();
  readonly #history: KeyValue[] = [];
  readonly #watchers = new Set<() => void>();

  get header(): Header {
    return { clusterId: this.clusterId, revision: this.revision };
  }

  create(key: string, value: Uint8Array, counter?: string): Header {
    if (this.#keys.has(key)) return this.header;
    if (this.full) throw new NoSpaceError('etcdserver: mvcc: database space exceeded');
    this.put({ [key]: value, ...(counter !== undefined && { [counter]: Buffer.of() }) });
    return this.header;
  }

  /** A transaction of another client; undefined deletes a key. */
  put(values: Readonly<Record<string, Uint8Array | undefined>>): void {
    this.revision += 1;
    for (const [key, value] of Object.entries(values)) {
      const { created = this.revision, version = 0 } = this.#keys.get(key) ?? {};
      const modified = this.revision;
      if (value === undefined) {
        this.#keys.delete(key);
        this.#history.push({ key, value: Buffer.of(), created: 0, modified, version: 0 });
      } else {
        const change = { key, value, created, modified, version: version + 1 };
        this.#keys.set(key, change);
        this.#history.push(change);
      }
    }
    for (const watcher of this.#watchers) watcher();
  }

  read({ from, to, limit, revision }: Range): Page {
    const found = [...this.#keys.values()]
      .filter(({ key }) => (to === undefined ? key === from : key >= from && key < to))
      .filter(({ created }) => revision === 0 || created <= revision)
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    return { ...this.header, keys: found.slice(0, limit), more: found.length > limit };
  }

  changes(from: string, to: string, since: number): KeyValue[] {
    if (since <= this.#compacted) throw new CompactedError(`compacted up to ${this.#compacted}`);
    return this.#history.filter(({ key, modified }) => modified >= since && key >= from && key < to);
  }

  compact(): void {
    this.#compacted = this.revision;
  }

  onChange(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }
}

/** What a network does; all zero: nothing. */
export class Network {
  maxDelayMs = 0;
  /** Of this many messages one is lost, one request is repeated later, one message of a watch is dropped; 0: none. */
  loss = 0;
  repeats = 0;
  drops = 0;
  /** Members that answer nothing. */
  readonly silent = new Set<string>();
  readonly #random: Prng;

  constructor(random: Prng) {
    this.#random = random;
  }

  delay(): number {
    return this.#random.below(1 + this.maxDelayMs);
  }

  /** Draws whether an event that happens once in this many times happens now. */
  hits(oneOf: number): boolean {
    return oneOf > 0 && this.#random.below(oneOf) === 0;
  }
}

/** A connection of `host` to a member. */
export class VirtualMember implements Etcd {
  readonly #etcd: VirtualEtcd;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #host: Host;
  readonly #endpoint: string;
  readonly #onClose = new Set<(why: Error) => void>();
  #closed: Error | undefined;

  constructor(endpoint: string, etcd: VirtualEtcd, network: Network, clock: Clock, host: Host) {
    this.#endpoint = endpoint;
    this.#etcd = etcd;
    this.#network = network;
    this.#clock = clock;
    this.#host = host;
  }

  create(key: string, value: Uint8Array, counter?: string): Promise<Header> {
    const copy = Buffer.from(value);
    if (this.#network.hits(this.#network.repeats)) {
      this.#clock.after(this.#network.delay() * 10, () =>
        attempt(() => this.#etcd.create(key, copy, counter)),
      );
    }
    return this.#call(() => this.#etcd.create(key, copy, counter));
  }

  read(range: Range): Promise<Page> {
    return this.#call(() => this.#etcd.read(range));
  }

  watch(
    from: string,
    to: string,
    revision: number,
    onChanges: (header: Header, changes: readonly KeyValue[]) => void,
  ): Promise<never> {
    let next = revision;
    return new Promise((_resolve, reject) => {
      const end = (error: Error) => {
        stopWatching();
        reject(error);
      };
      const deliver = (changes: readonly KeyValue[]) => {
        if (this.#closed !== undefined) return;
        try {
          onChanges(this.#etcd.header, changes);
        } catch (error) {
          end(error as Error);
        }
      };
      let busy = false;
      const look = () => {
        if (busy || this.#silent) return;
        busy = true;
        this.#clock.after(this.#network.delay(), () => {
          busy = false;
          if (this.#closed !== undefined) return;
          try {
            const changes = this.#etcd.changes(from, to, next);
            if (changes.length === 0) return;
            next = (changes.at(-1)?.modified ?? 0) + 1;
            if (!this.#network.hits(this.#network.drops)) this.#host.run(() => deliver(changes));
            look();
          } catch (error) {
            this.#host.run(() => end(error as Error));
          }
        });
      };
      const stopWatching = this.#etcd.onChange(look);
      this.#onClose.add(end);
      this.#clock.after(this.#network.delay(), () => {
        if (this.#silent) return;
        this.#host.run(() => deliver([]));
        look();
      });
    });
  }

  close(why: Error): void {
    this.#closed ??= why;
    const closed = this.#closed;
    this.#clock.after(0, () => {
      for (const end of this.#onClose) this.#host.run(() => end(closed));
    });
  }

  get #silent(): boolean {
    return this.#network.silent.has(this.#endpoint);
  }

  /** A request and its answer: each takes time, and either may be lost. */
  #call<T>(apply: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onClose.add(reject);
      if (this.#closed !== undefined) return reject(this.#closed);
      if (this.#network.hits(this.#network.loss)) return;
      this.#clock.after(this.#network.delay(), () => {
        if (this.#silent) return;
        const answer = attempt(apply);
        if (this.#network.hits(this.#network.loss)) return;
        this.#clock.after(this.#network.delay(), () => {
          this.#host.run(() => ('value' in answer ? resolve(answer.value) : reject(answer.error)));
        });
      });
    });
  }
}

function attempt<T>(apply: () => T): { value: T } | { error: unknown } {
  try {
    return { value: apply() };
  } catch (error) {
    return { error };
  }
}
