// The entry of the library and its composition root: it builds text, journal, log and I/O model, and starts them. It
// imports every room of the server, and no room imports it.

import type { Address } from '../shared/address.js';
import { listenError, OperationalError } from '../shared/errors.js';
import type { IoModelName } from '../shared/options.js';
import { listenAddress, type Sync } from '../shared/options.js';
import { countLetters } from '../shared/utf8.js';
import type { OpenCluster } from './cluster/open-cluster.js';
import type { ClusterStatus } from './cluster/status.js';
import { withSyntheticLoad } from './core/synthetic-load.js';
import { Text } from './core/text.js';
import { allocateTextBuffer } from './core/text-buffer.js';
import { warmUp } from './core/warm-up.js';
import type { HttpPort } from './http/http-port.js';
import type { Journal, JournalOptions } from './journal/journal.js';
import { clampToFdLimit } from './limits/admission.js';
import { CLUSTER_FAILED, JOURNAL_FAILED, LINGER_MS } from './limits/lingering-close.js';
import { isDetail, type LogEntry, type ServerEvent, type ServerStats } from './log/events.js';
import { Log } from './log/log.js';
import { processCost } from './log/process-cost.js';
import { recordReachability } from './log/reachability.js';
import { RejectionRateLimiter } from './log/rejection-rate-limiter.js';
import type { Trace } from './log/trace.js';
import { sessionOpener } from './measure/session-opener.js';
import type { IoModel } from './models/model.js';
import { DESCRIPTORS_PER_CLIENT, LOADERS } from './models/registry.js';
import { ReplyCoalescer } from './models/reply-coalescer.js';
import type { ClusterSettings } from './options/cluster-options.js';
import { type CompleteOptions, completeOptions, type StringServerOptions } from './options/server-options.js';

export type {
  Address,
  ClusterStatus,
  IoModelName,
  LogEntry,
  ServerEvent,
  ServerStats,
  StringServerOptions,
  Sync,
};
export { OperationalError };

export interface ServerResult {
  /** The final value of the shared string, UTF-8. */
  readonly text: Buffer;
  readonly stats: ServerStats;
  /** Why the trace could not be written; undefined: it was written, or not asked for. */
  readonly traceError: OperationalError | undefined;
}

export interface StringServer {
  /** Where it listens; with port 0 in the options, the port that was free. */
  readonly address: Address;
  /** Resolves when the server accepts no more clients and the last one has disconnected. */
  readonly closed: Promise<ServerResult>;
  /** Accepts no more clients, replies to the letters in the text, and closes, within 5 s. Idempotent. */
  stop(): Promise<ServerResult>;
  /** Ends every connection at once. */
  abort(): void;
  /** Where the HTTP port listens; undefined without one. */
  readonly http: Address | undefined;
  /** The text so far, up to its durable length. Not a copy: read it, do not change it. */
  readonly text: Buffer;
  /** As of now. Counting the letters takes some milliseconds per MiB of text. */
  readonly stats: ServerStats & { /** How many clients are connected now. */ readonly connected: number };
  /** Of a server in a cluster: how it stands with etcd now. */
  readonly cluster: ClusterStatus | undefined;
}

/**
 * Starts a string-concatenation server.
 * @returns once clients are accepted
 * @throws TypeError that names an unknown or invalid option; OperationalError if it cannot listen or use the journal
 * @example
 * const server = await startStringServer({ port: 0 });
 * const { text } = await server.stop();
 */
export async function startStringServer(options: StringServerOptions = {}): Promise<StringServer> {
  const {
    maxLength,
    maxThreads,
    journal: file,
    sync,
    onEvent,
    detailed,
    appended,
    trace: traceFile,
    http: httpAddress,
    httpNames,
    httpFd,
    ...settings
  } = completeOptions(options);
  const { io } = settings;
  const started = performance.now();
  const trace = traceFile === undefined ? undefined : await openTrace(traceFile, file);
  let http: HttpPort | undefined;
  const limiter = new RejectionRateLimiter((entry) => {
    if (detailed || !isDetail(entry.event)) onEvent?.(entry);
    trace?.record(entry);
  });
  const log = new Log({
    detailed: detailed || trace !== undefined,
    appended,
    thread: 0,
    sink: (entry) => {
      http?.record(entry);
      limiter.pass(entry);
    },
  });
  const wanted = io === 'threads' ? Math.min(maxThreads, settings.maxConnections) : settings.maxConnections;
  const maxConnections = clampToFdLimit(wanted, DESCRIPTORS_PER_CLIENT[io]);
  if (maxConnections < wanted) {
    const why = 'the process may open no more file descriptors (see ulimit -n)';
    log.record({ type: 'warning', message: `at most ${maxConnections} clients, not ${wanted}: ${why}` });
  }
  if (!settings.lock) {
    log.record({ type: 'warning', message: 'without the lock letters get lost and replies are wrong' });
  }

  let text: Text | undefined;
  let journal: Journal | undefined;
  let shared: OpenCluster | undefined;
  let store: Pick<Journal, 'failed' | 'close'> | undefined;
  const durableText = () => {
    if (text === undefined) return Buffer.of();
    const { buffer, byteOffset, length } = text.view(0, journal?.durableLength ?? text.length);
    return Buffer.from(buffer, byteOffset, length);
  };
  const closeAll = async (error: unknown): Promise<never> => {
    trace?.close();
    http?.destroy();
    await store?.close();
    throw error;
  };
  if (httpAddress !== undefined) {
    const where = { ...listenAddress('http')(httpAddress), names: httpNames, listenFd: httpFd };
    const source = {
      ...settings,
      maxConnections,
      text: durableText,
      log,
      cluster: () => shared?.cluster.status,
    };
    http = await openHttp(where, source).catch(closeAll);
  }
  const tls = await openTls(settings, log).catch(closeAll);
  const Model = await LOADERS[io]();
  shared = await openCluster(settings, maxLength, log).catch(closeAll);
  const plain = shared?.text ?? new Text(allocateTextBuffer(maxLength, io !== 'events'));
  text = withSyntheticLoad(plain, settings.cpuRounds);
  if (file !== undefined) {
    const options = { file, sync, maxLength, text, log, onCommit: http?.onCommit };
    journal = await openJournal(options).catch(closeAll);
  }
  store = shared?.cluster ?? journal;
  const recovered = countLetters(text.view(0, text.length));
  const meter = http?.meter.memory;
  const opened = { text, journal: shared?.cluster ?? journal, meter };
  const textFor = (client: number, view: Text) => log.textFor(client, view);
  const openSession = await sessionOpener({ ...opened, textFor });
  const model = new Model({ ...settings, ...opened, tls, maxConnections, log, openSession });
  const address = await model
    .listen()
    .catch((error: unknown) =>
      closeAll(error instanceof OperationalError ? error : listenError(error, settings)),
    );
  log.record({ type: 'listening', address, io, ...(model.fd !== undefined && { fd: model.fd }) });
  recordReachability(address, log);
  if (io === 'events') warmUp((warmUpText) => new ReplyCoalescer(warmUpText, false)); // the other models run sessions in their own threads

  const ended = (store === undefined ? model.closed : endOf(model, store, shared && CLUSTER_FAILED)).then(
    () => {
      tls?.close();
      return http?.close();
    },
    (error: unknown) => {
      tls?.close();
      http?.destroy();
      throw error;
    },
  );
  const stats = (): ServerStats => ({
    letters: countLetters(durableText()) - recovered,
    recovered,
    clients: model.accepted,
    rejected: limiter.rejected,
    stalled: limiter.stalled,
    seconds: (performance.now() - started) / 1000,
    ...processCost(),
    ioThreads: model.ioThreads,
  });
  const closed = ended.then(() => {
    limiter.flush();
    const result = { text: durableText(), stats: stats() };
    log.record({ type: 'stats', ...result.stats });
    return { ...result, traceError: trace && failureToWrite(trace) };
  });
  const stop = () => {
    tls?.close();
    model.stop();
    journal?.closeWithin(LINGER_MS);
    return closed;
  };
  return {
    address,
    http: http?.address,
    closed,
    stop,
    abort: () => model.abort(),
    get text() {
      return durableText();
    },
    get stats() {
      return { ...stats(), connected: limiter.connected };
    },
    get cluster() {
      return shared?.cluster.status;
    },
  };
}

// Like the models, these are loaded on demand.

async function openTrace(file: string, journal: string | undefined): Promise<Trace> {
  const { Trace } = await import('./log/trace.js');
  return new Trace(file, journal);
}

/** The trace is written last: its failure must not cost the final value. */
function failureToWrite(trace: Trace): OperationalError | undefined {
  try {
    trace.write();
    return undefined;
  } catch (error) {
    if (error instanceof OperationalError) return error;
    throw error;
  }
}

async function openTls(
  { tlsCert, tlsKey, tlsClientCa }: Pick<CompleteOptions, 'tlsCert' | 'tlsKey' | 'tlsClientCa'>,
  log: Log,
) {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const { TlsGate } = await import('./limits/tls-gate.js');
  return new TlsGate({ tlsCert, tlsKey, tlsClientCa }, log);
}

async function openHttp(...settings: Parameters<typeof HttpPort.open>): Promise<HttpPort> {
  const { HttpPort } = await import('./http/http-port.js');
  return HttpPort.open(...settings);
}

async function openJournal(options: JournalOptions): Promise<Journal> {
  const { Journal } = await import('./journal/journal.js');
  return Journal.open(options);
}

async function openCluster(settings: ClusterSettings, maxLength: number, log: Log) {
  const { cluster } = settings;
  if (cluster === undefined) return undefined;
  return (await import('./cluster/open-cluster.js')).openCluster({ ...settings, cluster }, maxLength, log);
}

/** Resolves when the last client has disconnected and its letters are stored. If storing fails, no reply is sent any more. */
async function endOf(
  model: IoModel,
  store: Pick<Journal, 'failed' | 'close'>,
  why = JOURNAL_FAILED,
): Promise<void> {
  store.failed.catch(() => model.abort(why));
  await Promise.race([model.closed, store.failed]).finally(() => store.close());
}
