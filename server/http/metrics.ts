// GET /metrics: figures for Prometheus, through prom-client. They are read at each request: between two requests nothing
// is computed. No label per client.

import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import {
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValueWithName,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';
import type { ClusterStatus } from '../cluster/status.js';
import {
  RECEIVED_BYTES,
  REPLY_CLASSES,
  REPLY_SECONDS,
  REPLY_SECONDS_SUM,
  SENT_BYTES,
  SESSION_STATES,
  STATE,
} from '../measure/meter.js';
import type { Source } from './source.js';
import type { TextStream } from './text-stream.js';

export class Metrics {
  readonly #registry = new Registry();
  #totals: Float64Array = new Float64Array();
  #states: readonly number[] = [];
  readonly #source: Source;
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(source: Source, stream: TextStream) {
    this.#source = source;
    this.#addText();
    this.#addConnections();
    this.#addReplies();
    this.#gauge('strsvr_followers', 'Clients of /text/stream', () => stream.followers);
    this.#counter(
      'strsvr_followers_stalled_total',
      'Followers that were disconnected because they did not read',
      () => stream.stalled,
    );
    this.#addCluster();
    this.#addProcess();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    const rows = [...this.#source.meter.rows().values()];
    this.#totals = this.#source.meter.totals(rows);
    this.#states = SESSION_STATES.map((_, state) => rows.filter((row) => row[STATE] === state).length);
    return this.#registry.metrics();
  }

  #addText(): void {
    const { version, io, text, monitor, commits } = this.#source;
    const info = { version, io };
    this.#labelled('strsvr_info', 'The version and the I/O model; always 1', Object.keys(info), () => [
      [info, 1],
    ]);
    this.#gauge('strsvr_ready', '1 if the server can serve clients, as /readyz says', () =>
      Number(monitor.problem === undefined),
    );
    this.#counter(
      'strsvr_letters_total',
      'Letters that clients have appended since the start',
      () => monitor.letters,
    );
    this.#gauge('strsvr_text_bytes', 'Length of the text', () => text().length);
    this.#histogram(
      'strsvr_journal_commit_seconds',
      'Duration of a write to the journal with its fdatasync',
      () => commits,
    );
  }

  #addConnections(): void {
    const { monitor } = this.#source;
    this.#labelled('strsvr_connections', 'Connected clients by what the server waits for', ['state'], () =>
      SESSION_STATES.map((state, at) => [{ state }, this.#states[at] ?? 0]),
    );
    this.#counter('strsvr_accepted_connections_total', 'Accepted clients', () => monitor.accepted);
    this.#labelledCounter(
      'strsvr_rejected_connections_total',
      'Rejected connections by reason',
      'reason',
      () => monitor.rejected,
    );
    this.#labelledCounter(
      'strsvr_closed_connections_total',
      'Closed connections by reason; stalled: the client did not read',
      'reason',
      () => monitor.closed,
    );
    this.#counter(
      'strsvr_received_bytes_total',
      'Bytes received from clients',
      () => this.#totals[RECEIVED_BYTES] ?? 0,
    );
    this.#counter(
      'strsvr_sent_bytes_total',
      'Bytes of replies written to clients',
      () => this.#totals[SENT_BYTES] ?? 0,
    );
  }

  #addReplies(): void {
    this.#histogram(
      'strsvr_reply_seconds',
      'From receiving a letter to writing the end of its reply',
      () => ({
        bounds: REPLY_SECONDS,
        counts: [...this.#totals.subarray(REPLY_CLASSES)],
        sum: this.#totals[REPLY_SECONDS_SUM] ?? 0,
      }),
    );
  }

  #addCluster(): void {
    const figure = (name: string, help: string, read: (status: ClusterStatus) => number | undefined) =>
      this.#labelled(`strsvr_cluster_${name}`, help, [], () => {
        const status = this.#source.cluster();
        const value = status && read(status);
        return value === undefined ? [] : [[{}, value]];
      });
    figure('groups', 'Groups of letters in the text, of all servers', ({ groups }) => groups);
    figure('groups_behind', 'Groups in etcd that have not come back yet', ({ groupsBehind }) => groupsBehind);
    figure('pending_letters', 'Letters on their way to etcd and back', (status) => status.pendingLetters);
    figure('round_trip_seconds', 'Duration of the last heartbeat', ({ roundTripMs }) => {
      return roundTripMs === undefined ? undefined : roundTripMs / 1000;
    });
  }

  #addProcess(): void {
    this.#gauge(
      'nodejs_eventloop_utilization',
      'Share of time in which the event loop of the main thread was busy, since the last request',
      () => {
        const now = performance.eventLoopUtilization();
        const { utilization } = performance.eventLoopUtilization(now, this.#loop);
        this.#loop = now;
        return utilization;
      },
    );
    this.#counter('process_cpu_seconds_total', 'CPU time of the process, user and system', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    this.#gauge('process_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
    this.#gauge(
      'process_start_time_seconds',
      'When the process started, in seconds since 1970',
      () => performance.timeOrigin / 1000,
    );
  }

  // --- kinds of metrics, each with a function that reads it ---

  #gauge(name: string, help: string, read: () => number): void {
    this.#labelled(name, help, [], () => [[{}, read()]]);
  }

  #labelled(
    name: string,
    help: string,
    labelNames: string[],
    read: () => ReadonlyArray<readonly [labels: Record<string, string>, value: number]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #labelledCounter(name: string, help: string, label: string, read: () => ReadonlyMap<string, number>): void {
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, count] of read()) this.inc({ [label]: value }, count);
      },
    });
  }

  #histogram(name: string, help: string, read: () => HistogramFigures): void {
    this.#registry.registerMetric(new ReadHistogram(name, help, read));
  }
}

interface HistogramFigures {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A histogram that others have counted. */
class ReadHistogram extends PromHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #read: () => HistogramFigures;

  constructor(name: string, help: string, read: () => HistogramFigures) {
    super({ name, help, registers: [] });
    this.#name = name;
    this.#help = help;
    this.#read = read;
  }

  /** prom-client asks for this one when it renders text. */
  getForPromString() {
    return this.get();
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const { bounds, counts, sum } = this.#read();
    let count = 0;
    const values: Array<MetricValueWithName<string>> = [...bounds, '+Inf'].map((le, at) => {
      count += counts[at] ?? 0;
      return { metricName: `${this.#name}_bucket`, labels: { le }, value: count };
    });
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: sum });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: count });
    return {
      collect: () => {},
      name: this.#name,
      help: this.#help,
      type: 'histogram' as never,
      aggregator: 'sum',
      values,
    };
  }
}
