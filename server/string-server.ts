// The composition root: text, I/O model and log, put together and started. It knows every module of the server;
// no module knows it.

import { networkInterfaces } from 'node:os';
import type { Address } from '../shared/address.js';
import { listenError } from '../shared/errors.js';
import { isContinuation } from '../shared/letters.js';
import {
  DEFAULT_HOST,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_LENGTH,
  DEFAULT_PORT,
} from '../shared/options.js';
import { EventsModel } from './io/events.js';
import { admissible } from './io/limits.js';
import type { IoModel, IoModelName, IoModelOptions } from './io/model.js';
import { type Cost, Log, type LogFormat } from './log.js';
import { Text, textMemory } from './text.js';

export type { Address, Cost, IoModelName, LogFormat };

export interface StringServerOptions extends IoModelOptions {
  readonly io: IoModelName;
  /** The longest that the text may become, in bytes. */
  readonly maxLength: number;
  readonly log: LogFormat;
  /** Also log what is read and written, letters included. */
  readonly show: boolean;
}

const DEFAULTS: StringServerOptions = {
  host: DEFAULT_HOST,
  port: DEFAULT_PORT,
  clients: undefined,
  maxLength: DEFAULT_MAX_LENGTH,
  maxConnections: DEFAULT_MAX_CONNECTIONS,
  io: 'events',
  nagle: false,
  log: 'silent',
  show: false,
};

export interface Outcome {
  /** The final value of the shared string, UTF-8. */
  readonly text: Buffer;
  readonly cost: Cost;
}

export interface StringServer {
  /** Where it listens; with port 0 in the options, the port that was free. */
  readonly address: Address;
  /** Resolves when no client will come any more and the last one has gone. */
  readonly closed: Promise<Outcome>;
  /**
   * Takes no new clients, answers the letters that are in the text, and closes, within 5 s. Calling it again
   * changes nothing.
   */
  stop(): Promise<Outcome>;
}

/**
 * Starts a string-concatenation server; log lines go to stderr.
 * @returns once clients are accepted
 * @throws OperationalError when it cannot listen
 * @example
 * const server = await startStringServer({ port: 0 });
 * const { text } = await server.stop();
 */
export async function startStringServer(options: Partial<StringServerOptions> = {}): Promise<StringServer> {
  const settings = { ...DEFAULTS, ...options };
  const started = performance.now();
  const log = new Log({
    format: settings.log,
    detailed: settings.show,
    write: (line) => process.stderr.write(line),
  });
  const text = new Text(textMemory(settings.maxLength));
  const maxConnections = admissible(settings.maxConnections);
  if (maxConnections < settings.maxConnections) {
    log.record({
      type: 'warning',
      message: `at most ${maxConnections} clients, not ${settings.maxConnections}: more descriptors the system does not give (see ulimit -n)`,
    });
  }

  const model: IoModel = new EventsModel({ ...settings, maxConnections, text, log });
  const address = await model.listen().catch((error: unknown) => {
    throw listenError(error, settings);
  });
  log.record({ type: 'listening', address, io: settings.io });
  warnIfOpen(address, log);

  const closed = model.closed.then(() => {
    const outcome = { text: text.view(0, text.length), cost: costSince(started, text, model) };
    log.record({ type: 'cost', ...outcome.cost });
    return outcome;
  });
  const stop = () => {
    model.stop();
    return closed;
  };
  return { address, closed, stop };
}

/** Whoever reaches the port can read and append, so somebody who opens it is told, and told what others type. */
function warnIfOpen(address: Address, log: Log): void {
  if (address.host === '::1' || address.host.startsWith('127.')) return;
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

function costSince(started: number, text: Text, model: IoModel): Cost {
  const usage = process.resourceUsage(); // in microseconds; unlike /proc it is there on macOS too
  return {
    letters: countLetters(text.view(0, text.length)),
    clients: model.accepted,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    contextSwitches: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
    ioThreads: model.ioThreads,
  };
}

function countLetters(utf8: Uint8Array): number {
  let letters = 0;
  for (const byte of utf8) if (!isContinuation(byte)) letters += 1;
  return letters;
}
