// The composition root: text, I/O model and log, put together and started. It knows every module of the server;
// no module knows it.

import { networkInterfaces } from 'node:os';
import { type Address, isLoopback } from '../shared/address.js';
import { listenError, OperationalError } from '../shared/errors.js';
import type { Sync } from '../shared/options.js';
import { isContinuation } from '../shared/utf8.js';
import { burden } from './core/synthetic-load.js';
import { Text } from './core/text.js';
import { allocateTextBuffer } from './core/text-buffer.js';
import { warmUp } from './core/warm-up.js';
import type { Journal, JournalOptions } from './journal/journal.js';
import { clampToFdLimit } from './limits/admission.js';
import { JOURNAL_FAILED, LINGER_MS } from './limits/lingering-close.js';
import { isDetail, type LogEntry, type ServerEvent, type ServerStats } from './log/events.js';
import { Log } from './log/log.js';
import { RejectionRateLimiter } from './log/rejection-rate-limiter.js';
import type { Trace } from './log/trace.js';
import type { IoModel, IoModelContext, IoModelName } from './models/model.js';
import { ReplyCoalescer } from './models/reply-coalescer.js';
import { completeOptions, type StringServerOptions } from './options/server-options.js';

export type { Address, IoModelName, LogEntry, ServerEvent, ServerStats, StringServerOptions, Sync };
export { OperationalError };

/** A model is loaded when it is wanted: only `events` works everywhere. */
const MODELS: Record<IoModelName, () => Promise<new (context: IoModelContext) => IoModel>> = {
  events: async () => (await import('./models/events.js')).EventsModel,
  poll: async () => (await import('./models/poll.js')).PollModel,
  nonblocking: async () => (await import('./models/nonblocking.js')).NonblockingModel,
  blocking: async () => (await import('./models/blocking.js')).BlockingModel,
  threads: async () => (await import('./models/threads.js')).ThreadsModel,
};

/** Descriptors that a client takes: its socket, and in `threads` those of its thread's event loop. */
const DESCRIPTORS: Record<IoModelName, number> = {
  events: 1,
  poll: 1,
  nonblocking: 1,
  blocking: 1,
  threads: 5,
};

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
  /** Resolves when no client will come any more and the last one has gone. */
  readonly closed: Promise<ServerResult>;
  /**
   * Takes no new clients, answers the letters that are in the text, and closes, within 5 s. Calling it again
   * changes nothing.
   */
  stop(): Promise<ServerResult>;
  /** Ends every connection at once. */
  abort(): void;
  /** The text so far, as far as clients may see it: not a copy, to be read and not changed. */
  readonly text: Buffer;
  /** What has happened so far. Counting the letters takes some milliseconds for each MiB of text. */
  readonly stats: ServerStats & { /** How many clients are connected now. */ readonly connected: number };
}

/**
 * Starts a string-concatenation server.
 * @returns once clients are accepted
 * @throws TypeError that names an option which is unknown or not what it may be; OperationalError when it cannot listen,
 *   or cannot use the journal
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
    trace: traceFile,
    ...settings
  } = completeOptions(options);
  const { io } = settings;
  const started = performance.now();
  const trace = traceFile === undefined ? undefined : await openTrace(traceFile, file);
  const limiter = new RejectionRateLimiter((entry) => {
    if (detailed || !isDetail(entry.event)) onEvent?.(entry);
    trace?.record(entry);
  });
  const log = new Log({
    detailed: detailed || trace !== undefined,
    thread: 0,
    sink: (entry) => limiter.pass(entry),
  });
  const text = burden(new Text(allocateTextBuffer(maxLength, io !== 'events')), settings.cpuRounds);
  const wanted = io === 'threads' ? Math.min(maxThreads, settings.maxConnections) : settings.maxConnections;
  const maxConnections = clampToFdLimit(wanted, DESCRIPTORS[io]);
  if (maxConnections < wanted) {
    const why = 'more descriptors the system does not give (see ulimit -n)';
    log.record({ type: 'warning', message: `at most ${maxConnections} clients, not ${wanted}: ${why}` });
  }
  if (!settings.lock)
    log.record({ type: 'warning', message: 'without the lock letters get lost and replies are wrong' });

  const Model = await MODELS[io]();
  const journal = file === undefined ? undefined : await openJournal({ file, sync, maxLength, text, log });
  const recovered = countLetters(text.view(0, text.length));
  const model = new Model({ ...settings, maxConnections, text, journal, log });
  const address = await model.listen().catch(async (error: unknown) => {
    trace?.close();
    await journal?.close();
    throw error instanceof OperationalError ? error : listenError(error, settings);
  });
  log.record({ type: 'listening', address, io, ...(model.fd !== undefined && { fd: model.fd }) });
  warnIfOpen(address, log);
  if (io === 'events') warmUp(new ReplyCoalescer(false)); // the other models' sessions run in threads of their own

  const ended = journal === undefined ? model.closed : endOf(model, journal);
  const visibleText = () => {
    const { buffer, byteOffset, length } = text.view(
      0,
      Math.min(text.length, journal?.durableLength ?? text.length),
    );
    return Buffer.from(buffer, byteOffset, length);
  };
  const stats = (): ServerStats => ({
    letters: countLetters(visibleText()) - recovered,
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
    const result = { text: visibleText(), stats: stats() };
    log.record({ type: 'stats', ...result.stats });
    return { ...result, traceError: trace && failureToWrite(trace) };
  });
  const stop = () => {
    model.stop();
    journal?.closeWithin(LINGER_MS);
    return closed;
  };
  return {
    address,
    closed,
    stop,
    abort: () => model.abort(),
    get text() {
      return visibleText();
    },
    get stats() {
      return { ...stats(), connected: limiter.connected };
    },
  };
}

// Like the models, these are loaded when they are wanted.

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

async function openJournal(options: JournalOptions): Promise<Journal> {
  const { Journal } = await import('./journal/journal.js');
  return Journal.open(options);
}

/** Resolves when the last client has gone and what it said is on disk; when the journal fails, nobody is answered. */
async function endOf(model: IoModel, journal: Journal): Promise<void> {
  journal.failed.catch(() => model.abort(JOURNAL_FAILED));
  await Promise.race([model.closed, journal.failed]).finally(() => journal.close());
}

/** Whoever reaches the port can read and append, so somebody who opens it is told, and told what others type. */
function warnIfOpen(address: Address, log: Log): void {
  if (isLoopback(address)) return;
  log.record({
    type: 'warning',
    message: `whoever reaches port ${address.port} can read the text and append to it`,
  });
  const everywhere = address.host === '0.0.0.0' || address.host === '::';
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address: host, family, internal, mac } of addresses ?? []) {
      if (internal || (everywhere ? family !== 'IPv4' : host !== address.host)) continue;
      log.record({ type: 'reachable', address: { host, port: address.port }, interface: name, mac });
    }
  }
}

/** Of this process since it began. */
function processCost(): { readonly cpuSeconds: number; readonly contextSwitches: number } {
  const usage = process.resourceUsage(); // in microseconds; unlike /proc it is there on macOS too
  return {
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    contextSwitches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
  };
}

function countLetters(utf8: Uint8Array): number {
  let letters = 0;
  for (const byte of utf8) if (!isContinuation(byte)) letters += 1;
  return letters;
}
