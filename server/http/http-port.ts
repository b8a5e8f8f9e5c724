// The HTTP port as string-server.ts uses it: it is opened before anything else, hears every event of the log, and is closed
// last. Readiness follows from the events, so no other module needs to know of this one.

import { createRequire } from 'node:module';
import { type Address, isLoopback } from '../../shared/address.js';
import type { ClusterStatus } from '../cluster/status.js';
import type { LogEntry } from '../log/events.js';
import type { Log } from '../log/log.js';
import { Histogram } from '../measure/histogram.js';
import { Meter } from '../measure/meter.js';
import { HttpServer, type HttpServerOptions } from './http-server.js';
import { Monitor } from './monitor.js';
import type { Source } from './source.js';

/** Upper bounds, in seconds. */
const COMMIT_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5,
];

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };

export interface HttpPortContext {
  readonly io: string;
  readonly maxConnections: number;
  readonly stallTimeoutMs: number;
  /** The text up to its durable length. */
  readonly text: () => Uint8Array;
  readonly cluster: () => ClusterStatus | undefined;
  readonly log: Log;
}

export class HttpPort {
  readonly address: Address;
  readonly meter: Meter;
  readonly #server: HttpServer;
  readonly #monitor: Monitor;
  readonly #commits: Histogram;

  /** @throws OperationalError if it cannot listen */
  static async open(options: HttpServerOptions, { log, ...context }: HttpPortContext): Promise<HttpPort> {
    const source = {
      ...context,
      version,
      meter: new Meter(context.maxConnections),
      monitor: new Monitor(context),
      commits: new Histogram(COMMIT_SECONDS),
    };
    const server = await HttpServer.open(options, source);
    log.record({ type: 'http', address: server.address });
    if (!isLoopback(server.address)) {
      const message = `any client that reaches port ${server.address.port} can read the text and see who is connected`;
      log.record({ type: 'warning', message });
    }
    return new HttpPort(server, source);
  }

  /** Use `open`. */
  private constructor(server: HttpServer, { meter, monitor, commits }: Source) {
    this.address = server.address;
    this.meter = meter;
    this.#server = server;
    this.#monitor = monitor;
    this.#commits = commits;
  }

  /** To be called with every event of the log. */
  record(entry: LogEntry): void {
    this.#monitor.record(entry);
    if (entry.event.type === 'closed') this.meter.release(entry.event.client);
  }

  /** A group of letters is in the journal. */
  readonly onCommit = (seconds: number): void => this.#commits.observe(seconds);

  /** The text is final: followers get the rest. */
  close(): Promise<void> {
    return this.#server.close();
  }

  /** The server has failed: followers are disconnected without an end, so that they come back. */
  destroy(): void {
    this.#server.destroy();
  }
}
