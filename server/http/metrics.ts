// GET /metrics: which figures there are for Prometheus. They are read at each request: between two requests nothing is
// computed. No label per client.

import { type EventLoopUtilization, performance } from 'node:perf_hooks';
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
import { MetricRegistry } from './metric-registry.js';
import type { Source } from './source.js';
import type { TextStream } from './text-stream.js';

export class ServerMetrics {
  readonly #registry = new MetricRegistry();
  #totals: Float64Array = new Float64Array();
  #states: readonly number[] = [];
  readonly #source: Source;
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(source: Source, stream: TextStream) {
    this.#source = source;
    this.#addText();
    this.#addConnections();
    this.#addReplies();
    this.#registry.gauge('strsvr_followers', 'Clients of /text/stream', () => stream.followers);
    this.#registry.counter(
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
    return this.#registry.render();
  }

  #addText(): void {
    const { version, io, text, monitor, commits } = this.#source;
    const info = { version, io };
    this.#registry.labelled(
      'strsvr_info',
      'The version and the I/O model; always 1',
      Object.keys(info),
      () => [[info, 1]],
    );
    this.#registry.gauge('strsvr_ready', '1 if the server can serve clients, as /readyz says', () =>
      Number(monitor.problem === undefined),
    );
    this.#registry.counter(
      'strsvr_letters_total',
      'Letters that clients have appended since the start',
      () => monitor.letters,
    );
    this.#registry.gauge('strsvr_text_bytes', 'Length of the text', () => text().length);
    this.#registry.histogram(
      'strsvr_journal_commit_seconds',
      'Duration of a write to the journal with its fdatasync',
      () => commits,
    );
  }

  #addConnections(): void {
    const { monitor } = this.#source;
    this.#registry.labelled(
      'strsvr_connections',
      'Connected clients by what the server waits for',
      ['state'],
      () => SESSION_STATES.map((state, at) => [{ state }, this.#states[at] ?? 0]),
    );
    this.#registry.counter('strsvr_accepted_connections_total', 'Accepted clients', () => monitor.accepted);
    this.#registry.labelledCounter(
      'strsvr_rejected_connections_total',
      'Rejected connections by reason',
      'reason',
      () => monitor.rejected,
    );
    this.#registry.labelledCounter(
      'strsvr_closed_connections_total',
      'Closed connections by reason; stalled: the client did not read',
      'reason',
      () => monitor.closed,
    );
    this.#registry.counter(
      'strsvr_received_bytes_total',
      'Bytes received from clients',
      () => this.#totals[RECEIVED_BYTES] ?? 0,
    );
    this.#registry.counter(
      'strsvr_sent_bytes_total',
      'Bytes of replies written to clients',
      () => this.#totals[SENT_BYTES] ?? 0,
    );
  }

  #addReplies(): void {
    this.#registry.histogram(
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
      this.#registry.labelled(`strsvr_cluster_${name}`, help, [], () => {
        const status = this.#source.cluster();
        const value = status && read(status);
        return value === undefined ? [] : [[{}, value]];
      });
    this.#registry.labelled(
      'strsvr_cluster_info',
      'The text and the member of etcd; always 1',
      ['name', 'member'],
      () => {
        const status = this.#source.cluster();
        return status === undefined ? [] : [[{ name: status.name, member: status.member ?? '' }, 1]];
      },
    );
    figure('groups', 'Groups of letters in the text, of all servers', ({ groups }) => groups);
    figure('groups_behind', 'Groups in etcd that have not come back yet', ({ groupsBehind }) => groupsBehind);
    figure(
      'pending_letters',
      'Own letters by which the text is behind: on their way to etcd and back',
      (status) => status.pendingLetters,
    );
    figure('round_trip_seconds', 'Duration of the last heartbeat', ({ roundTripMs }) => {
      return roundTripMs === undefined ? undefined : roundTripMs / 1000;
    });
  }

  #addProcess(): void {
    this.#registry.gauge(
      'nodejs_eventloop_utilization',
      'Share of time in which the event loop of the main thread was busy, since the last request',
      () => {
        const now = performance.eventLoopUtilization();
        const { utilization } = performance.eventLoopUtilization(now, this.#loop);
        this.#loop = now;
        return utilization;
      },
    );
    this.#registry.counter('process_cpu_seconds_total', 'CPU time of the process, user and system', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    this.#registry.gauge('process_resident_memory_bytes', 'Memory of the process', () =>
      process.memoryUsage.rss(),
    );
    this.#registry.gauge(
      'process_start_time_seconds',
      'When the process started, in seconds since 1970',
      () => performance.timeOrigin / 1000,
    );
  }
}
