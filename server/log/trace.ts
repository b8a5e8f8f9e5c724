// What happened, as a file that Perfetto (ui.perfetto.dev) and chrome://tracing open: the log's events in lanes, by
// client and by thread. They are kept in a ring, so a long run takes no more memory and keeps its last part. Until that is
// written, at the end, the file is as it was.
// The format is Google's "Trace Event Format": an array of objects, times in microseconds.

import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeFileSync } from 'node:fs';
import { errorCode, OperationalError } from '../../shared/errors.js';
import { escapeUnprintable } from '../../shared/escape.js';
import type { LogEntry, ServerEvent } from './events.js';

const CAPACITY = 100_000;
/** Of a read, so many letters are kept. */
const MAX_LETTERS = 16;
/** Entries that are written at a time: all of them together may be longer than a string can be. */
const WRITE_ENTRIES = 1_000;
/** Never through a symbolic link, and without waiting for the reader of a FIFO. It holds letters: for its owner alone. */
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
   * @param file made now if there is none, and written at the end
   * @param other a file that it must not be: the journal
   * @param capacity in events
   * @throws OperationalError when the file cannot be written
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

  /** For a server that could not start. */
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

/** Clients that send many letters at once would fill the memory with them. */
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
