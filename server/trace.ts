// What happened, as a file that Perfetto (ui.perfetto.dev) and chrome://tracing open: the log's events in lanes, by
// client and by thread. They are kept in a ring, so a long run takes no more memory and keeps its last part.
// The format is Google's "Trace Event Format": an array of objects, times in microseconds.

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { OperationalError } from '../shared/errors.js';
import { visible } from '../shared/terminal.js';
import type { LogEntry, ServerEvent } from './log.js';

const CAPACITY = 100_000;
/** The two groups of lanes; the format calls them processes. */
const CLIENTS = 1;
const THREADS = 2;

interface TraceEvent {
  readonly name: string;
  /** b and e: begin and end of a span; i: an instant; M: a name for a lane. */
  readonly ph: 'b' | 'e' | 'i' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly [key: string]: unknown;
}

export class Trace {
  /** The file's descriptor. */
  readonly #file: number;
  readonly #ring: LogEntry[] = [];
  readonly #capacity: number;
  /** Where the next entry goes, once the ring is full. */
  #next = 0;

  /**
   * @param file made empty now and written at the end
   * @param capacity in events
   * @throws OperationalError when the file cannot be written
   */
  constructor(file: string, capacity = CAPACITY) {
    this.#file = attempt(() => openSync(file, 'w'));
    this.#capacity = capacity;
  }

  record(entry: LogEntry): void {
    if (this.#ring.length < this.#capacity) {
      this.#ring.push(entry);
    } else {
      this.#ring[this.#next] = entry;
      this.#next = (this.#next + 1) % this.#capacity;
    }
  }

  /** Writes the file. Throws OperationalError. */
  write(): void {
    const entries = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    // Entries of several threads arrive in about the order in which they happened; the viewers want it exact.
    entries.sort((one, other) => one.at - other.at);
    const events = entries.flatMap(traceEvents);
    const lines = [...laneNames(events), ...events].map((event) => JSON.stringify(event));
    attempt(() => writeFileSync(this.#file, `[\n${lines.join(',\n')}\n]\n`));
    closeSync(this.#file);
  }
}

function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OperationalError('TRACE', `cannot write the trace: ${why}`, error);
  }
}

/** An event in the lane of its client, if it has one, and in that of its thread. */
function traceEvents({ at, thread, event }: LogEntry): TraceEvent[] {
  const ts = Math.round(at * 1000);
  const client = 'client' in event ? event.client : undefined;
  const args = safe(event);
  const name = nameOf(event);
  const ofThread = client === undefined ? name : `client ${client}: ${name}`;
  const events: TraceEvent[] = [
    { name: ofThread, ph: 'i', s: 't', cat: event.type, pid: THREADS, tid: thread, ts, args },
  ];
  if (client === undefined) return events;
  const lane = { pid: CLIENTS, tid: client, ts, args };
  const span = { ...lane, name: `client ${client}`, cat: 'connection', id: client };
  if (event.type === 'came') events.push({ ...span, ph: 'b' });
  if (event.type === 'closed') events.push({ ...span, ph: 'e' });
  events.push({ ...lane, name, cat: event.type, ph: 'i', s: 't' });
  return events;
}

function nameOf(event: ServerEvent): string {
  if (event.type === 'read')
    return event.bytes === 0 ? 'read end' : `read ${visible(event.unanswered.join(''))}`;
  if (event.type === 'wrote') return `wrote ${event.bytes - event.waiting} of ${event.bytes}`;
  return event.type;
}

function safe(event: ServerEvent): unknown {
  return JSON.parse(JSON.stringify(event), (_key, value) =>
    typeof value === 'string' ? visible(value) : value,
  );
}

function laneNames(events: readonly TraceEvent[]): TraceEvent[] {
  const name = (what: string, pid: number, tid: number, as: string): TraceEvent => {
    return { name: what, ph: 'M', pid, tid, args: { name: as } };
  };
  const lanes = new Map(events.map(({ pid, tid }) => [`${pid}/${tid}`, { pid, tid }]));
  return [
    name('process_name', CLIENTS, 0, 'clients'),
    name('process_name', THREADS, 0, 'threads'),
    ...[...lanes.values()].map(({ pid, tid }) =>
      name(
        'thread_name',
        pid,
        tid,
        pid === CLIENTS ? `client ${tid}` : tid === 0 ? 'I/O thread' : `thread of client ${tid}`,
      ),
    ),
  ];
}
