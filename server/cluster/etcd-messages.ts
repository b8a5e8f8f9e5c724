// The messages of etcd.proto, to and from etcd.ts's shapes. No I/O but reading that file once.

import { fileURLToPath } from 'node:url';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import type { Header, KeyValue, Page, Range } from './etcd.js';

interface Headed {
  readonly header: { readonly clusterId: number; readonly revision: number };
}

interface WireKeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

interface RangeResponse extends Headed {
  readonly kvs: readonly WireKeyValue[];
  readonly more: boolean;
}

export interface WatchResponse extends Headed {
  readonly canceled: boolean;
  readonly cancelReason: string;
  /** Above 0: the watch asked for a revision before this one, which is not kept any more. */
  readonly compactRevision: number;
  readonly events: ReadonlyArray<{ readonly type: number; readonly kv: WireKeyValue }>;
}

/** A call of etcd's API: its path, and how its messages become bytes. */
export type Method<Response> = Pick<MethodDefinition<object, object>, 'path' | 'requestSerialize'> & {
  readonly responseDeserialize: (bytes: Buffer) => Response;
};

const PROTO = fileURLToPath(new URL('etcd.proto', import.meta.url));
const definitions = loadSync(PROTO, { longs: Number, defaults: true });

export const TXN = method<Headed>('KV', 'Txn');
export const RANGE = method<RangeResponse>('KV', 'Range');
export const WATCH = method<WatchResponse>('Watch', 'Watch');
export const AUTHENTICATE = method<{ readonly token: string }>('Auth', 'Authenticate');

function method<Response>(service: string, name: string): Method<Response> {
  const methods = definitions[`etcdserverpb.${service}`] as ServiceDefinition;
  return methods[name] as Method<object> as Method<Response>; // etcd.proto says so
}

/** A transaction: unless `key` exists, put it, and the counter too. */
export function createRequest(key: string, value: Uint8Array, counter: string | undefined): object {
  const put = (name: string, content: Uint8Array) => ({
    requestPut: { key: Buffer.from(name), value: content },
  });
  return {
    compare: [{ target: 1, key: Buffer.from(key), createRevision: 0 }], // created at no revision: it does not exist
    success: [put(key, value), ...(counter === undefined ? [] : [put(counter, Buffer.of())])],
  };
}

export function rangeRequest({ from, to, limit, revision }: Range): object {
  return { key: Buffer.from(from), ...(to && { rangeEnd: Buffer.from(to) }), limit, revision };
}

export function watchRequest(from: string, to: string, startRevision: number): object {
  return { createRequest: { key: Buffer.from(from), rangeEnd: Buffer.from(to), startRevision } };
}

export function headerOf({ header: { clusterId, revision } }: Headed): Header {
  return { clusterId, revision };
}

export function pageOf(response: RangeResponse): Page {
  return { ...headerOf(response), keys: response.kvs.map(keyValueOf), more: response.more };
}

export function changesOf({ events }: WatchResponse): KeyValue[] {
  return events.map(({ kv }) => keyValueOf(kv)); // a deleted key has version 0
}

function keyValueOf({ key, value, createRevision, modRevision, version }: WireKeyValue): KeyValue {
  return { key: key.toString(), value, created: createRevision, modified: modRevision, version };
}
