// The log's events as a trace file for Perfetto (ui.perfetto.dev) and chrome://tracing, in one lane per client and per
// thread. A ring buffer bounds the memory, so a long run keeps its last part. The file is unchanged until it is written, at
// the end.
// The format is Google's "Trace Event Format": an array of objects, times in microseconds.

import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeFileSync } from 'node:fs';
import { errorCode, OperationalError } from '../../shared/errors.js';
import { escapeUnprintable } from '../../shared/escape.js';
import type { LogEntry, ServerEvent } from './events.js';

const CAPACITY = 100_000;
/** Letters that are kept of one read. */
const MAX_LETTERS = 16;
/** Entries per write: all of them in one string could exceed the maximum string length. */
const WRITE_ENTRIES = 1_000;
/** Follows no symbolic link, and does not wait for the reader of a FIFO. The file has letters: only its owner may read it. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const OWNER_ONLY = 0o600;
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
   * @param file created now if it is missing, and written at the end
   * @param other a file that it must not be: the journal
   * @param capacity in events
   * @throws OperationalError if the file cannot be opened
   */
  constructor(file: string, other?: string, capacity = CAPACITY) {
    this.#file = attempt(() => openRegular(file, other));
    this.#capacity = capacity;
  }

  record({ event, ...rest }: LogEntry): void {
    const entry = { ...rest, event: event.type === 'read' ? shortened(event) : event };
    if (this.#ring.length < this.#capacity) {
      this.#ring.push(entry);
    } else {
      this.#ring[this.#next] = entry;
      this.#next = (this.#next + 1) % this.#capacity;
    }
  }

  /** Writes and closes the file. @throws OperationalError */
  write(): void {
    try {
      this.#write();
    } finally {
      this.close();
    }
  }

  #write(): void {
    const entries = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    // Entries of several threads arrive in about the order in which they happened; the viewers want it exact.
    entries.sort((one, other) => one.at - other.at);
    attempt(() => {
      ftruncateSync(this.#file);
      this.#append('[', laneNames(entries));
      for (let start = 0; start < entries.length; start += WRITE_ENTRIES) {
        this.#append(',', entries.slice(start, start + WRITE_ENTRIES).flatMap(traceEvents));
      }
      writeFileSync(this.#file, ']\n');
    });
  }

  /** Without writing it: for a server that could not start. */
  close(): void {
    closeSync(this.#file);
  }

  #append(before: string, events: readonly TraceEvent[]): void {
    const lines = events.map((event) => JSON.stringify(event)).join(',\n');
    writeFileSync(this.#file, `${before}\n${lines}\n`);
  }
}

function openRegular(file: string, other: string | undefined): number {
  const fd = openSync(file, FLAGS, OWNER_ONLY);
  const opened = fstatSync(fd);
  const taken = other === undefined ? undefined : statSync(other, { throwIfNoEntry: false });
  const why = !opened.isFile()
    ? 'is not a regular file'
    : taken?.ino === opened.ino && taken.dev === opened.dev
      ? 'is the journal'
      : undefined;
  if (why === undefined) return fd;
  closeSync(fd);
  throw new Error(`${file} ${why}`);
}

/** Bounds the memory of a read of many letters. */
function shortened(event: Extract<ServerEvent, { type: 'read' }>): ServerEvent {
  const { pendingLetters } = event;
  if (pendingLetters.length <= MAX_LETTERS) return event;
  const more = `… ${pendingLetters.length - MAX_LETTERS} more`;
  return { ...event, pendingLetters: [...pendingLetters.slice(0, MAX_LETTERS), more] };
}

function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const known: Record<string, string> = {
      ELOOP: 'it is a symbolic link',
      ENXIO: 'it is not a regular file',
    };
    const message = error instanceof Error ? error.message : String(error);
    const why = known[errorCode(error) ?? ''] ?? message;
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
  if (event.type === 'accepted') events.push({ ...span, ph: 'b' });
  if (event.type === 'closed') events.push({ ...span, ph: 'e' });
  events.push({ ...lane, name, cat: event.type, ph: 'i', s: 't' });
  return events;
}

function nameOf(event: ServerEvent): string {
  if (event.type === 'read')
    return event.bytes === 0 ? 'read end' : `read ${escapeUnprintable(event.pendingLetters.join(''))}`;
  if (event.type === 'wrote') return `wrote ${event.bytes - event.unsent} of ${event.bytes}`;
  return event.type;
}

function safe(event: ServerEvent): unknown {
  return JSON.parse(JSON.stringify(event), (_key, value) =>
    typeof value === 'string' ? escapeUnprintable(value) : value,
  );
}

function laneNames(entries: readonly LogEntry[]): TraceEvent[] {
  const name = (what: string, pid: number, tid: number, as: string): TraceEvent => {
    return { name: what, ph: 'M', pid, tid, args: { name: as } };
  };
  const lanes = new Map(
    entries.flatMap(({ thread, event }) => {
      const lane = { pid: THREADS, tid: thread };
      const lanes = 'client' in event ? [lane, { pid: CLIENTS, tid: event.client }] : [lane];
      return lanes.map((one) => [`${one.pid}/${one.tid}`, one] as const);
    }),
  );
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
