// What a cluster needs from etcd: three calls to one member. etcd-client.ts makes them over gRPC; tests put another etcd, or
// faults, in its place.

/** The header of every answer. */
export interface Header {
  /** Identifies the etcd cluster: the same for all its members. */
  readonly clusterId: number;
  /** etcd's clock: each transaction that writes is one revision later. */
  readonly revision: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revisions at which the key was created and last changed. */
  readonly created: number;
  readonly modified: number;
  /** How many times the key was put since it was created; 0: it was deleted. */
  readonly version: number;
}

export interface Page extends Header {
  /** In the order of the keys. */
  readonly keys: readonly KeyValue[];
  /** Whether there are keys after these. */
  readonly more: boolean;
}

export interface Range {
  readonly from: string;
  /** The first key that is not wanted; undefined: only `from` is. */
  readonly to?: string;
  /** The most keys. */
  readonly limit: number;
  /** 0: as it is now, seen by a majority. */
  readonly revision: number;
}

/** One connection to one member. Every call rejects once it is closed; numbers are whole and below 2^53. */
export interface Etcd {
  /** Unless the key exists: puts it, and puts `counter` (empty) in the same transaction. Resolves also if it exists. */
  create(key: string, value: Uint8Array, counter?: string): Promise<Header>;
  read(range: Range): Promise<Page>;
  /**
   * Passes on all changes of keys from `from` to before `to`, from a revision on, in the order of revisions, whole revisions at
   * a time. First `onChanges` is called without any, once the watch has begun; an error that it throws ends the watch.
   * @returns never; rejects when the watch ends, with CompactedError if it begins before what etcd still has
   */
  watch(
    from: string,
    to: string,
    revision: number,
    onChanges: (header: Header, changes: readonly KeyValue[]) => void,
  ): Promise<never>;
  /** @param why with what running calls reject */
  close(why: Error): void;
}

/** The revisions that a watch needs are not kept any more. */
export class CompactedError extends Error {}

/** etcd's quota of disk space is used up (NOSPACE): it takes no more letters. */
export class NoSpaceError extends Error {}
