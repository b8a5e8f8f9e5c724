// The options of the library: their defaults, and what each may be. Beyond `completeOptions` they are complete and valid.

import { formatAddress } from '../../shared/address.js';
import { UsageError } from '../../shared/errors.js';
import { parseNetworks } from '../../shared/ip-network.js';
import {
  BACKLOG_LIMIT,
  type Checks,
  CONNECTIONS_LIMIT,
  CPU_ROUNDS_LIMIT,
  checkOptions,
  DEFAULT_BACKLOG,
  DEFAULT_HOST,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LENGTH,
  DEFAULT_MAX_THREADS,
  DEFAULT_PORT,
  DEFAULT_STALL_TIMEOUT,
  flag,
  hostNames,
  IDLE_SLEEP_LIMIT,
  IO_MODELS,
  type IoModelName,
  LENGTH_LIMIT,
  listenAddress,
  MAX_PORT,
  nonEmpty,
  oneOf,
  STALL_TIMEOUT_LIMIT,
  SYNCS,
  type Sync,
  THREADS_LIMIT,
  wholeNumber,
} from '../../shared/options.js';
import type { LogEntry } from '../log/events.js';
import type { IoModelOptions } from '../models/model.js';
import { CLUSTER_CHECKS, CLUSTER_DEFAULTS, type ClusterSettings, checkCluster } from './cluster-options.js';

/** Complete and valid: an option that the chosen I/O model does not have is at its default. */
export interface CompleteOptions extends IoModelOptions, ClusterSettings {
  /** The longest that the text may become, in bytes. */
  readonly maxLength: number;
  /** threads: further clients are rejected. */
  readonly maxThreads: number;
  /** events: the file that keeps the text on disk; undefined: it is in memory alone. */
  readonly journal: string | undefined;
  /** events, with a journal: whether a letter is on disk before it is answered. */
  readonly sync: Sync;
  /** Called for each event as it happens; it must not throw. The library itself writes nothing anywhere. */
  readonly onEvent: ((entry: LogEntry) => void) | undefined;
  /** Also call it for what is read and written, letters included. */
  readonly detailed: boolean;
  /** Also call it for each letter that is appended: its client, offset and code point. */
  readonly appended: boolean;
  /** The file that all events are written to at the end, as Trace Event JSON. */
  readonly trace: string | undefined;
  /** events: PEM files with the certificate and its key; undefined: no TLS. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** events: PEM file with the authority that has signed the certificates of clients; undefined: they need none. */
  readonly tlsClientCa: string | undefined;
  /** Where the HTTP port listens, as `[HOST:]PORT`; undefined: there is none. */
  readonly http: string | undefined;
  /** The same: an inherited socket for the HTTP port. */
  readonly httpFd: number | undefined;
  /** Host names under which the HTTP port is reached, beside localhost. */
  readonly httpNames: readonly string[];
}

/** The options that one I/O model alone has, and which. */
export const MODEL_OF = {
  journal: 'events',
  sync: 'events',
  tlsCert: 'events',
  tlsKey: 'events',
  tlsClientCa: 'events',
  cluster: 'events',
  name: 'events',
  clusterTimeoutMs: 'events',
  clusterCa: 'events',
  clusterCert: 'events',
  clusterKey: 'events',
  clusterUser: 'events',
  clusterPasswordFile: 'events',
  idleSleepMs: 'nonblocking',
  maxThreads: 'threads',
  lock: 'threads',
} as const satisfies { readonly [Name in keyof CompleteOptions]?: IoModelName };

export type ModelOption = keyof typeof MODEL_OF;
type OptionOf<Io> = { [Name in ModelOption]: (typeof MODEL_OF)[Name] extends Io ? Name : never }[ModelOption];
type CommonOption = Exclude<keyof CompleteOptions, ModelOption | 'io'>;

type OptionsOf<Io extends IoModelName> = {
  readonly [Name in CommonOption | OptionOf<Io>]?: CompleteOptions[Name] | undefined;
} & { readonly [Name in Exclude<ModelOption, OptionOf<Io>>]?: undefined };

/** A union on `io`. Every option may be left out. */
export type StringServerOptions =
  | ({ readonly io?: 'events' | undefined } & OptionsOf<'events'>)
  | ({ readonly io: 'poll' } & OptionsOf<'poll'>)
  | ({ readonly io: 'uring' } & OptionsOf<'uring'>)
  | ({ readonly io: 'nonblocking' } & OptionsOf<'nonblocking'>)
  | ({ readonly io: 'blocking' } & OptionsOf<'blocking'>)
  | ({ readonly io: 'threads' } & OptionsOf<'threads'>);

const DEFAULTS: CompleteOptions = {
  host: DEFAULT_HOST,
  port: DEFAULT_PORT,
  clients: undefined,
  maxLength: DEFAULT_MAX_LENGTH,
  maxConnections: DEFAULT_MAX_CONNECTIONS,
  allow: [],
  stallTimeoutMs: 1000 * DEFAULT_STALL_TIMEOUT,
  backlog: DEFAULT_BACKLOG,
  io: 'events',
  nagle: false,
  idleSleepMs: 0,
  cpuRounds: 0,
  maxThreads: DEFAULT_MAX_THREADS,
  lock: true,
  journal: undefined,
  sync: 'always',
  ...CLUSTER_DEFAULTS,
  onEvent: undefined,
  detailed: false,
  appended: false,
  trace: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
  tlsClientCa: undefined,
  http: undefined,
  httpNames: [],
  httpFd: undefined,
  listenFd: undefined,
};

const MAX_FD = 2 ** 31 - 1;

type CheckOfEach = { readonly [Name in keyof CompleteOptions]: (value: unknown) => CompleteOptions[Name] };

const CHECKS: Checks = new Map(
  Object.entries({
    host: nonEmpty('host'),
    port: wholeNumber('port', 0, MAX_PORT),
    clients: wholeNumber('clients', 1, Number.MAX_SAFE_INTEGER),
    maxLength: wholeNumber('maxLength', 1, LENGTH_LIMIT),
    maxConnections: wholeNumber('maxConnections', 1, CONNECTIONS_LIMIT),
    allow: parseNetworks('allow'),
    stallTimeoutMs: wholeNumber('stallTimeoutMs', 0, 1000 * STALL_TIMEOUT_LIMIT),
    backlog: wholeNumber('backlog', 0, BACKLOG_LIMIT),
    io: oneOf('io', IO_MODELS),
    nagle: flag('nagle'),
    idleSleepMs: wholeNumber('idleSleepMs', 0, IDLE_SLEEP_LIMIT),
    cpuRounds: wholeNumber('cpuRounds', 0, CPU_ROUNDS_LIMIT),
    maxThreads: wholeNumber('maxThreads', 1, THREADS_LIMIT),
    lock: flag('lock'),
    journal: nonEmpty('journal'),
    sync: oneOf('sync', SYNCS),
    ...CLUSTER_CHECKS,
    onEvent: callback,
    detailed: flag('detailed'),
    appended: flag('appended'),
    trace: nonEmpty('trace'),
    tlsCert: nonEmpty('tlsCert'),
    tlsKey: nonEmpty('tlsKey'),
    tlsClientCa: nonEmpty('tlsClientCa'),
    http: (value) => formatAddress(listenAddress('http')(value)),
    httpNames: hostNames('httpNames'),
    httpFd: wholeNumber('httpFd', 0, MAX_FD),
    listenFd: wholeNumber('listenFd', 0, MAX_FD),
  } satisfies CheckOfEach),
);

/**
 * Adds the defaults.
 * @throws TypeError that names the option which is unknown, is not what it may be, or is another I/O model's
 */
export function completeOptions(options: StringServerOptions): CompleteOptions {
  const given = checkOptions(options, CHECKS);
  const complete: CompleteOptions = { ...DEFAULTS, ...given };
  for (const [name, io] of Object.entries(MODEL_OF)) {
    if (name in given && complete.io !== io)
      throw new UsageError(`${name}: expected with io ${io} alone, got ${complete.io}`);
  }
  checkCluster(given, complete);
  if ('tlsCert' in given !== 'tlsKey' in given)
    throw new UsageError('tlsCert, tlsKey: expected both or none');
  if ('tlsClientCa' in given && !('tlsCert' in given))
    throw new UsageError('tlsClientCa: expected with tlsCert alone');
  return complete;
}

function callback(value: unknown): CompleteOptions['onEvent'] {
  if (isFunction(value)) return value;
  throw new UsageError(`onEvent: expected a function, got ${typeof value}`);
}

function isFunction(value: unknown): value is NonNullable<CompleteOptions['onEvent']> {
  return typeof value === 'function';
}
