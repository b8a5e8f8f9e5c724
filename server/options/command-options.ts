// The command's options: how they are named, described and checked, and how they become the library's.

import { formatAddress } from '../../shared/address.js';
import { readCommandLine } from '../../shared/command-line.js';
import { CONFIGURATION_OPTIONS } from '../../shared/configuration.js';
import { UsageError } from '../../shared/errors.js';
import { parseNetworks } from '../../shared/ip-network.js';
import {
  BACKLOG_LIMIT,
  CONNECTIONS_LIMIT,
  CPU_ROUNDS_LIMIT,
  choice,
  DEFAULT_BACKLOG,
  DEFAULT_HOST,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LENGTH,
  DEFAULT_MAX_THREADS,
  DEFAULT_PORT,
  DEFAULT_STALL_TIMEOUT,
  hostNames,
  IDLE_SLEEP_LIMIT,
  IO_MODELS,
  type IoModelName,
  LENGTH_LIMIT,
  LISTEN_HOST,
  listenAddress,
  listenPort,
  nonEmpty,
  STALL_TIMEOUT_LIMIT,
  SYNCS,
  THREADS_LIMIT,
  wholeNumber,
} from '../../shared/options.js';
import { CLUSTER_OPTION_NAMES, CLUSTER_OPTIONS, clusterOptionsOf } from './cluster-options.js';
import { MODEL_OF, type ModelOption, type StringServerOptions } from './server-options.js';

const LOG_FORMATS = ['text', 'json', 'silent'] as const;

const OPTIONS = {
  host: LISTEN_HOST,
  clients: {
    requiresArg: true,
    describe: 'Accept this many clients, then exit when the last one has disconnected',
    coerce: wholeNumber('--clients', 1, Number.MAX_SAFE_INTEGER),
  },
  'max-length': {
    requiresArg: true,
    describe: 'Maximum length of the text, in bytes',
    default: DEFAULT_MAX_LENGTH,
    coerce: wholeNumber('--max-length', 1, LENGTH_LIMIT),
  },
  journal: {
    requiresArg: true,
    describe: 'events only: keep the text in this file; reply to a letter when it is on disk',
    coerce: nonEmpty('--journal'),
  },
  sync: {
    ...choice('--sync', SYNCS),
    describe: 'With --journal: wait for the disk before each reply (always), or do not wait (never)',
    defaultDescription: '"always"',
  },
  ...CLUSTER_OPTIONS,
  'max-connections': {
    requiresArg: true,
    describe: 'Maximum number of connected clients; further clients are rejected',
    default: DEFAULT_MAX_CONNECTIONS,
    coerce: wholeNumber('--max-connections', 1, CONNECTIONS_LIMIT),
  },
  allow: {
    requiresArg: true,
    describe: 'Accept only clients from this network, such as 10.0.0.0/8 or fd00::/8; may be repeated',
    coerce: parseNetworks('--allow'),
  },
  'stall-timeout': {
    requiresArg: true,
    describe:
      'Disconnect clients that acknowledge less than 1 KiB of pending replies in this many seconds; 0 disables it',
    default: DEFAULT_STALL_TIMEOUT,
    coerce: wholeNumber('--stall-timeout', 0, STALL_TIMEOUT_LIMIT),
  },
  io: {
    ...choice('--io', IO_MODELS),
    describe: 'I/O model',
    default: IO_MODELS[0],
  },
  'idle-sleep': {
    requiresArg: true,
    describe: 'nonblocking only: sleep this many milliseconds after a round without input',
    defaultDescription: '0',
    coerce: wholeNumber('--idle-sleep', 0, IDLE_SLEEP_LIMIT),
  },
  'max-threads': {
    requiresArg: true,
    describe: 'threads only: maximum number of connected clients; further clients are rejected',
    defaultDescription: String(DEFAULT_MAX_THREADS),
    coerce: wholeNumber('--max-threads', 1, THREADS_LIMIT),
  },
  'no-lock': {
    describe: 'threads only: append without the lock, to demonstrate lost updates',
    boolean: true,
    default: false,
  },
  'cpu-rounds': {
    requiresArg: true,
    describe: 'Compute this many rounds before appending each letter, to simulate work',
    default: 0,
    coerce: wholeNumber('--cpu-rounds', 0, CPU_ROUNDS_LIMIT),
  },
  backlog: {
    requiresArg: true,
    describe: 'Maximum number of connections that wait to be accepted',
    default: DEFAULT_BACKLOG,
    coerce: wholeNumber('--backlog', 0, BACKLOG_LIMIT),
  },
  trace: {
    requiresArg: true,
    describe: 'Write a trace of the events to this file at exit, for ui.perfetto.dev or chrome://tracing',
    coerce: nonEmpty('--trace'),
  },
  'tls-cert': {
    requiresArg: true,
    describe: 'events only: encrypt with the certificate in this PEM file, which may hold a chain',
    coerce: nonEmpty('--tls-cert'),
  },
  'tls-key': {
    requiresArg: true,
    describe: 'With --tls-cert: PEM file with the private key',
    coerce: nonEmpty('--tls-key'),
  },
  'tls-client-ca': {
    requiresArg: true,
    describe: 'With --tls-cert: accept only clients with a certificate of the authority in this PEM file',
    coerce: nonEmpty('--tls-client-ca'),
  },
  http: {
    requiresArg: true,
    describe:
      'Health, metrics, connections and the text over HTTP, on [HOST:]PORT; HOST is 127.0.0.1 if it is left out',
    coerce: listenAddress('--http'),
  },
  'http-name': {
    requiresArg: true,
    describe: 'Host name under which the HTTP port is reached, beside localhost; may be repeated',
    coerce: hostNames('--http-name'),
  },
  verbose: {
    describe: 'Print everything that is read and written to stderr, letters included',
    boolean: true,
    default: false,
  },
  nagle: {
    describe:
      "Leave Nagle's algorithm on (no TCP_NODELAY) and write a reply and its LF separately, which delays the LF",
    boolean: true,
    default: false,
  },
  ...CONFIGURATION_OPTIONS,
  log: {
    ...choice('--log', LOG_FORMATS),
    describe: 'Format of the log on stderr',
    default: 'text' as const,
  },
  'log-appended': {
    describe: 'With --log json: log the client, offset and code point of each letter, as strwall wants it',
    boolean: true,
    default: false,
  },
} as const;

/** On the command line, the options that one I/O model alone has. */
const OPTION_NAMES = {
  journal: '--journal',
  sync: '--sync',
  tlsCert: '--tls-cert',
  tlsKey: '--tls-key',
  tlsClientCa: '--tls-client-ca',
  ...CLUSTER_OPTION_NAMES,
  idleSleepMs: '--idle-sleep',
  maxThreads: '--max-threads',
  lock: '--no-lock',
} as const satisfies Record<ModelOption, string>;

export type LogFormat = (typeof LOG_FORMATS)[number];

export interface ServerCommand {
  readonly options: StringServerOptions;
  readonly log: LogFormat;
  readonly verbose: boolean;
}

/** @throws UsageError */
export function readServerCommand(): ServerCommand {
  const parsed = readCommandLine({
    name: 'strsvr',
    usage: '[port]',
    summary: 'Keep one shared string: append each letter that a client sends, reply with the whole string',
    positionals: { port: listenPort(DEFAULT_PORT) },
    options: OPTIONS,
    repeatable: ['allow', 'http-name'],
    environment: 'STRSVR',
    examples: [
      ['strsvr', `listen on ${DEFAULT_HOST}:${DEFAULT_PORT} until Ctrl-C`],
      ['strsvr 2000 --clients 2 --verbose', "the tutorial's session, with everything printed"],
      ['strsvr 0 --host 0.0.0.0', 'a free port, reachable from other machines'],
      ['strsvr 2000 --cluster http://a:2379,http://b:2379', 'one text with all servers on this etcd'],
      ['strsvr 2000 --host 0.0.0.0 --allow 192.168.1.0/24', 'reachable from one network only'],
    ],
  });
  const { io, journal, sync, idleSleep: idleSleepMs, maxThreads, noLock, log, verbose } = parsed;
  const { host, port, clients, maxLength, maxConnections, allow, stallTimeout, ...rest } = parsed;
  const { tlsCert, tlsKey, tlsClientCa } = parsed;
  const stored = { journal, sync, tlsCert, tlsKey, tlsClientCa, ...clusterOptionsOf(parsed) };
  rejectOtherModels(io, { ...stored, idleSleepMs, maxThreads, lock: noLock || undefined });
  if (journal === undefined && sync !== undefined) throw new UsageError('--sync wants a --journal');
  const { backlog, nagle, cpuRounds, trace, http, httpName, logAppended: appended } = rest;
  if (http === undefined && httpName !== undefined) throw new UsageError('--http-name wants an --http');
  if (appended && log !== 'json') throw new UsageError('--log-appended wants --log json');
  const common = {
    ...{ host, port, clients, maxLength, maxConnections, allow, backlog, nagle, cpuRounds, trace, appended },
    stallTimeoutMs: 1000 * stallTimeout,
    http: http && formatAddress(http),
    httpNames: httpName,
  };
  const optionsOfModel = (): StringServerOptions => {
    switch (io) {
      case 'events':
        return { ...common, io, ...stored };
      case 'nonblocking':
        return { ...common, io, idleSleepMs };
      case 'threads':
        return { ...common, io, maxThreads, lock: !noLock };
      default:
        return { ...common, io };
    }
  };
  return { options: optionsOfModel(), log, verbose };
}

function rejectOtherModels(io: IoModelName, given: { readonly [Name in ModelOption]?: unknown }): void {
  for (const name of Object.keys(OPTION_NAMES) as ModelOption[]) {
    if (given[name] !== undefined && MODEL_OF[name] !== io)
      throw new UsageError(`${OPTION_NAMES[name]} is for --io ${MODEL_OF[name]} alone`);
  }
}
