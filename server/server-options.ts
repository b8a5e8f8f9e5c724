// The options of a server, for the library and the command alike: their defaults, and what each may be. Below, options
// are complete and valid.

import { UsageError } from '../shared/errors.js';
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
  IDLE_SLEEP_LIMIT,
  LENGTH_LIMIT,
  MAX_PORT,
  nonEmpty,
  oneOf,
  STALL_TIMEOUT_LIMIT,
  SYNCS,
  type Sync,
  THREADS_LIMIT,
  wholeNumber,
} from '../shared/options.js';
import { parseNetworks } from './limits/ip-allow-list.js';
import type { LogEntry } from './log/log.js';
import { IO_MODELS, type IoModelOptions } from './models/model.js';

export interface CompleteOptions extends IoModelOptions {
  /** The longest that the text may become, in bytes. */
  readonly maxLength: number;
  /** threads: more clients are refused. */
  readonly maxThreads: number;
  /** events: where to keep the text on disk; undefined: in memory alone. */
  readonly journal: string | undefined;
  /** When letters are on disk: always before they are answered, or never mind. */
  readonly sync: Sync;
  /** Called for each event as it happens; it must not throw. The library itself writes nothing anywhere. */
  readonly onEvent: ((entry: LogEntry) => void) | undefined;
  /** Also call it for what is read and written, letters included. */
  readonly detailed: boolean;
  /** Where to write what happened as Trace Event JSON, at the end. */
  readonly trace: string | undefined;
}

/** All of them may be left out. */
export type StringServerOptions = {
  readonly [Name in keyof CompleteOptions]?: CompleteOptions[Name] | undefined;
};

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
  onEvent: undefined,
  detailed: false,
  trace: undefined,
};

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
    cpuRounds: wholeNumber('work', 0, CPU_ROUNDS_LIMIT),
    maxThreads: wholeNumber('maxThreads', 1, THREADS_LIMIT),
    lock: flag('lock'),
    journal: nonEmpty('journal'),
    sync: oneOf('sync', SYNCS),
    onEvent: callback,
    detailed: flag('detailed'),
    trace: nonEmpty('trace'),
  } satisfies CheckOfEach),
);

/**
 * Adds the defaults.
 * @throws TypeError that names the option which is unknown, or is not what it may be
 */
export function completeOptions(options: StringServerOptions): CompleteOptions {
  const complete: CompleteOptions = { ...DEFAULTS, ...checkOptions(options, CHECKS) };
  if (complete.journal !== undefined && complete.io !== 'events')
    throw new UsageError(`journal: expected with io events alone, got ${complete.io}`);
  return complete;
}

function callback(value: unknown): CompleteOptions['onEvent'] {
  if (isFunction(value)) return value;
  throw new UsageError(`onEvent: expected a function, got ${typeof value}`);
}

function isFunction(value: unknown): value is NonNullable<CompleteOptions['onEvent']> {
  return typeof value === 'function';
}
