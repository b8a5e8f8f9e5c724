// One connection to one member of etcd, over gRPC. It never reconnects and never waits: its user decides how long an
// answer may take, and closes it.

import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  CompactedError,
  type Etcd,
  type Header,
  type KeyValue,
  NoSpaceError,
  type Page,
  type Range,
} from './etcd.js';
import {
  AUTHENTICATE,
  changesOf,
  createRequest,
  headerOf,
  type Method,
  pageOf,
  RANGE,
  rangeRequest,
  TXN,
  WATCH,
  type WatchResponse,
  watchRequest,
} from './etcd-messages.js';

/** How to be let in; PEM files. */
export interface EtcdAccess {
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

const OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.use_local_subchannel_pool': 1, // or a new client would wait for the backoff of the one before
  'grpc.enable_retries': 0,
};

/** @param endpoint http://HOST:PORT or https://HOST:PORT */
export function connectEtcd(endpoint: string, access: EtcdAccess): Etcd {
  return new EtcdClient(endpoint, access);
}

class EtcdClient implements Etcd {
  readonly #client: Client;
  readonly #access: EtcdAccess;
  readonly #calls = new Set<{ cancel(): void }>();
  #metadata: Promise<Metadata> | undefined;
  #closed: Error | undefined;

  constructor(endpoint: string, access: EtcdAccess) {
    const { protocol, host } = new URL(endpoint);
    const { ca = null, key = null, cert = null } = access;
    const channel =
      protocol === 'https:'
        ? withoutAddressAsName(credentials.createSsl(ca, key, cert))
        : credentials.createInsecure();
    this.#client = new Client(host, channel, OPTIONS);
    this.#access = access;
  }

  async create(key: string, value: Uint8Array, counter?: string): Promise<Header> {
    return headerOf(await this.#call(TXN, createRequest(key, value, counter)));
  }

  async read(range: Range): Promise<Page> {
    return pageOf(await this.#call(RANGE, rangeRequest(range)));
  }

  async watch(
    from: string,
    to: string,
    revision: number,
    onChanges: (header: Header, changes: readonly KeyValue[]) => void,
  ): Promise<never> {
    const metadata = (await this.#authenticated()).clone();
    metadata.set('hasleader', 'true'); // the watch ends when the member loses its leader
    const { path, requestSerialize, responseDeserialize } = WATCH;
    const stream: ClientDuplexStream<object, WatchResponse> = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
    return new Promise((_resolve, reject) => {
      const fail = (error: Error) => {
        reject(this.#closed ?? error);
        this.#calls.delete(stream);
        stream.cancel();
      };
      stream.on('error', (error: ServiceError) => fail(readable(error)));
      stream.on('end', () => fail(new Error('the watch ended')));
      stream.on('data', (response: WatchResponse) => {
        try {
          throwIfCanceled(response);
          onChanges(headerOf(response), changesOf(response));
        } catch (error) {
          fail(error as Error);
        }
      });
      this.#calls.add(stream);
      if (this.#closed !== undefined) return fail(this.#closed);
      stream.write(watchRequest(from, to, revision));
    });
  }

  close(why: Error): void {
    this.#closed ??= why;
    for (const call of this.#calls) call.cancel();
    this.#client.close();
  }

  async #call<Response>(method: Method<Response>, request: object): Promise<Response> {
    return this.#unary(method, request, await this.#authenticated());
  }

  /** What each call carries: with a user, the token that its password is exchanged for, once a connection. */
  #authenticated(): Promise<Metadata> {
    const { user: name, password = '' } = this.#access;
    const metadata = new Metadata();
    if (name === undefined) return Promise.resolve(metadata);
    this.#metadata ??= this.#unary(AUTHENTICATE, { name, password }, metadata).then(({ token }) => {
      metadata.set('token', token);
      return metadata;
    });
    return this.#metadata;
  }

  #unary<Response>(method: Method<Response>, request: object, metadata: Metadata): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        (error, response) => {
          this.#calls.delete(call);
          if (error !== null) reject(this.#closed ?? readable(error));
          else if (response !== undefined) resolve(response);
        },
      );
      this.#calls.add(call);
    });
  }
}

/**
 * An address is no server name (RFC 6066 section 3), but grpc-js sends it as one, and Node.js warns of that (DEP0123). The
 * certificate is checked against `host`, as before.
 */
function withoutAddressAsName(channel: ChannelCredentials): ChannelCredentials {
  const create = channel._createSecureConnector.bind(channel);
  channel._createSecureConnector = (...parameters) => {
    const connector = create(...parameters);
    const options: ConnectionOptions = Reflect.get(connector, 'connectionOptions') ?? {}; // private in grpc-js
    if (isIP(options.servername ?? '') !== 0) delete options.servername;
    return connector;
  };
  return channel;
}

function throwIfCanceled({ canceled, cancelReason, compactRevision }: WatchResponse): void {
  if (!canceled) return;
  if (compactRevision > 0) throw new CompactedError(`etcd has compacted up to revision ${compactRevision}`);
  throw new Error(`the watch was canceled: ${cancelReason}`);
}

/** The error of a call, with etcd's or gRPC's own words alone. */
function readable({ code, details }: ServiceError): Error {
  const noSpace = code === status.RESOURCE_EXHAUSTED && details.includes('space exceeded');
  if (noSpace) return new NoSpaceError(details);
  const [, why = details] =
    /Last error: (?:Error: )?(.+?)\.?\s*(?:\(\S+\))?\.? Resolution note/s.exec(details) ?? [];
  const [, tls] = /:SSL routines:[^:]*:([^:]+):/.exec(why) ?? []; // OpenSSL's own line has names of its source files
  return new Error(tls ?? why);
}
