// What happened on the server, as a typed list of events, each recorded once and rendered as it was asked for: lines
// for an operator (never a letter), the story with every letter for a class that watches, or JSON lines.

import { type Address, formatAddress } from '../shared/address.js';
import { count, grouped } from '../shared/count.js';
import { visible } from '../shared/terminal.js';
import type { Closing, Session } from './session.js';

export type LogFormat = 'text' | 'json' | 'silent';

/**
 * Why a connection is gone: as its session saw it, because it broke, did not take its replies, did not do so before the
 * server stopped, or may not be answered any more.
 */
export type CloseReason = Closing | 'broken' | 'stalled' | 'overdue' | 'journal';

export interface CloseFailure {
  readonly reason: CloseReason;
  readonly detail: string;
}

export type ServerEvent =
  | { type: 'listening'; address: Address; io: string; fd?: number }
  | { type: 'reachable'; address: Address; interface: string; mac: string }
  | { type: 'warning'; message: string }
  | { type: 'came'; client: number; remote: Address; local: Address; fd?: number }
  | { type: 'refused'; remote: Address; reason: string }
  /** So many more since the last line about refusals; who came last, and why that one was refused. */
  | { type: 'refused more'; count: number; remote: Address; reason: string }
  | {
      type: 'closed';
      client: number;
      reason: CloseReason;
      detail?: string;
      letters: number;
      controls: number;
    }
  | { type: 'stopping'; connected: number }
  /** The journal is open; so many bytes at the file's end were no letters, and were moved to another file. */
  | { type: 'journal'; file: string; bytes: number; cut: number; keptIn?: string }
  /** So many bytes wait for room. */
  | { type: 'disk full'; reason: string; bytes: number }
  | { type: 'disk free' }
  | { type: 'journal failed'; message: string }
  | { type: 'waits'; client: number; remote: Address; seconds: number }
  | ({ type: 'cost' } & Cost)
  /** The command's: lines of the log that could not be written, and why it ends with which status. */
  | { type: 'logDropped'; lines: number; reason: string }
  | { type: 'failed'; message: string; status: 1 | 2 }
  | Detail;

/** Events of the hot path; made only while somebody watches. */
type Detail =
  | {
      type: 'read';
      client: number;
      bytes: number;
      unanswered: readonly string[];
      held: number;
      half: boolean;
    }
  | { type: 'wrote'; client: number; bytes: number; waiting: number }
  | { type: 'asked'; asked: number; answered: number };

export interface Cost {
  /** Appended by this server, without those that it recovered from its journal. */
  readonly letters: number;
  readonly recovered: number;
  readonly clients: number;
  /** Who was not let in, and who was closed for not taking replies. */
  readonly refused: number;
  readonly stalled: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly contextSwitches: number;
  readonly ioThreads: number;
}

/** An event, when it happened, and in which thread: 0 but for the clients' own threads. */
export interface LogEntry {
  /** Milliseconds since 1970, from a clock that never goes back within a thread. */
  readonly at: number;
  readonly thread: number;
  readonly event: ServerEvent;
}

export interface LogOptions {
  /** Also record what is read and written, letters included. */
  readonly detailed: boolean;
  readonly thread: number;
  readonly sink: (entry: LogEntry) => void;
}

export class Log {
  /** Whether events of the hot path are wanted: ask before making one. */
  readonly detailed: boolean;
  readonly #thread: number;
  readonly #sink: (entry: LogEntry) => void;

  constructor({ detailed, thread, sink }: LogOptions) {
    this.detailed = detailed;
    this.#thread = thread;
    this.#sink = sink;
  }

  /** A client's bytes were handed to its session; 0 bytes mean the end of its stream. */
  read(client: number, bytes: number, session: Session): void {
    if (!this.detailed) return;
    const { unanswered, waiting } = session;
    this.record({ type: 'read', client, bytes, unanswered, held: waiting.bytes, half: waiting.midLetter });
  }

  /** Bytes were written to a client; the last `waiting` of them the kernel has not taken yet. */
  wrote(client: number, bytes: number, waiting: number): void {
    if (this.detailed && bytes > 0) this.record({ type: 'wrote', client, bytes, waiting });
  }

  /** A connection is gone. @param failure what happened, where the session cannot know it */
  closed(client: number, session: Session, failure: CloseFailure | undefined): void {
    const { letters, controls } = session;
    const why = failure ?? { reason: session.closing ?? 'broken' };
    this.record({ type: 'closed', client, ...why, letters, controls });
  }

  record(event: ServerEvent): void {
    this.pass(entryOf(event, this.#thread));
  }

  /** Takes over an entry that was recorded in another thread. */
  pass(entry: LogEntry): void {
    this.#sink(entry);
  }
}

export function entryOf(event: ServerEvent, thread = 0): LogEntry {
  return { at: performance.timeOrigin + performance.now(), thread, event };
}

/**
 * The line for an entry; undefined where none is wanted.
 * @param show whether lines name descriptors and both ends of a connection
 */
export function render({ at, event }: LogEntry, format: LogFormat, show: boolean): string | undefined {
  if (format === 'silent') return undefined;
  return format === 'json' ? json(at, event, show) : story(event, show);
}

/** Whether an event is one of the hot path, with letters in it. */
export function isDetail({ type }: ServerEvent): boolean {
  return DETAILS.has(type);
}

const DETAILS: ReadonlySet<ServerEvent['type']> = new Set([
  'read',
  'wrote',
  'asked',
] satisfies Detail['type'][]);

/** As pino writes them: its tools read `level`, `time` and `msg`. */
function json(at: number, event: ServerEvent, show: boolean): string {
  const safe = (_key: string, value: unknown) => (typeof value === 'string' ? visible(value) : value);
  const msg = message(event) ?? story(event, show);
  return JSON.stringify({ level: levelOf(event), time: Math.round(at), ...event, msg }, safe);
}

/** What text lines leave out because stdout or the command's failure says it. */
function message(event: ServerEvent): string | undefined {
  if (event.type === 'listening') return `listening on ${formatAddress(event.address)} (${event.io})`;
  if (event.type === 'journal failed' || event.type === 'failed') return event.message;
  return undefined;
}

const [DEBUG, INFO, WARN, ERROR, FATAL] = [20, 30, 40, 50, 60] as const;

function levelOf(event: ServerEvent): number {
  if (isDetail(event)) return DEBUG;
  switch (event.type) {
    case 'warning':
    case 'refused':
    case 'refused more':
    case 'logDropped':
      return WARN;
    case 'closed':
      return event.reason === 'stalled' || event.reason === 'overdue' ? WARN : INFO;
    case 'disk full':
    case 'journal failed':
      return ERROR;
    case 'failed':
      return FATAL;
    default:
      return INFO;
  }
}

/** The line for people; undefined for what another line already says. */
function story(event: ServerEvent, show: boolean): string | undefined {
  switch (event.type) {
    case 'listening': // where, the command says on stdout
      return show && event.fd !== undefined ? `listening socket fd ${event.fd}` : undefined;
    case 'reachable':
      return `others type: strclnt ${event.address.host} ${event.address.port}  (${event.interface}, MAC ${event.mac})`;
    case 'warning':
      return `warning: ${visible(event.message)}`;
    case 'came':
      return show
        ? `client ${event.client} is ${event.fd === undefined ? '' : `fd ${event.fd}, `}at ${formatAddress(event.remote)}, tcp to ${formatAddress(event.local)}`
        : `client ${event.client} came from ${formatAddress(event.remote)}`;
    case 'refused':
      return `refused ${formatAddress(event.remote)}: ${event.reason}`;
    case 'refused more':
      return `refused ${grouped(event.count)} more in the last second, the last ${formatAddress(event.remote)}: ${event.reason}`;
    case 'read':
      return `client ${event.client}: read ${bytes(event.bytes)}${whatWasRead(event)}`;
    case 'wrote':
      return `client ${event.client}: send took ${event.waiting > 0 ? `${grouped(event.bytes - event.waiting)} of ` : ''}${bytes(event.bytes)}`;
    case 'asked':
      return `asked ${grouped(event.asked)} times, ${count(event.answered, 'answer')}`;
    case 'waits':
      return `everybody waits for client ${event.client} (${formatAddress(event.remote)}), ${event.seconds} s`;
    case 'closed':
      return `client ${event.client} ${whyClosed(event)}: ${count(event.letters, 'letter')}${event.controls > 0 ? `, ${count(event.controls, 'control character')} thrown away` : ''}`;
    case 'stopping':
      return `stopping: ${count(event.connected, 'client')} connected`;
    case 'journal':
      return `journal ${visible(event.file)}: ${bytes(event.bytes)} of text${event.cut > 0 ? `; ${bytes(event.cut)} at its end cut off, which a crash left, and kept in ${visible(event.keptIn ?? '')}` : ''}`;
    case 'disk full':
      return `the journal's disk is full (${event.reason}): ${bytes(event.bytes)} not answered, tried again each second; new letters are refused`;
    case 'disk free':
      return "the journal's disk has room again: new letters are taken";
    case 'journal failed': // the command says it
    case 'failed':
      return undefined;
    case 'logDropped':
      return `${count(event.lines, 'line')} dropped here: ${visible(event.reason)}`;
    case 'cost':
      return costLine(event);
  }
}

function whatWasRead(event: Extract<ServerEvent, { type: 'read' }>): string {
  const letters = event.unanswered.filter((letter) => letter !== '\n');
  const lineEnds = event.unanswered.length - letters.length;
  const parts = event.bytes === 0 ? ['it has closed'] : [];
  if (letters.length > 0)
    parts.push(`${letters.length === 1 ? 'letter' : 'letters'} ${letters.map(seen).join(' ')}`);
  if (lineEnds > 0) parts.push(lineEnds === 1 ? 'LF' : `${lineEnds} LFs`);
  if (event.half) parts.push(event.bytes === 0 ? 'half a letter is dropped' : 'half a letter waits');
  if (event.held > 0) parts.push(`${bytes(event.held)} held until it reads`);
  return parts.map((part) => `, ${part}`).join('');
}

/** A letter by itself, so that it can be seen: joiners and selectors show nothing alone, and a space is easily missed. */
function seen(letter: string): string {
  if (letter === ' ') return '" "';
  return visible(letter).replace(
    /[\u200d\ufe0e\ufe0f]/u,
    (alone) => `\\u{${alone.charCodeAt(0).toString(16).toUpperCase()}}`,
  );
}

function whyClosed({ reason, detail }: Extract<ServerEvent, { type: 'closed' }>): string {
  switch (reason) {
    case 'ended':
      return 'left';
    case 'full':
      return 'closed, the text is full';
    case 'disk full':
      return "closed, the journal's disk is full";
    case 'stopped':
      return 'closed, the server stops';
    case 'broken':
      return `lost, ${detail ?? 'the connection broke'}`;
    case 'stalled':
    case 'overdue':
    case 'journal':
      return `cut off, ${detail}`;
  }
}

function costLine(cost: Cost): string {
  const recovered = cost.recovered > 0 ? ` and ${grouped(cost.recovered)} recovered from the journal` : '';
  const troubles = [
    ...(cost.refused > 0 ? [`${grouped(cost.refused)} refused`] : []),
    ...(cost.stalled > 0 ? [`${grouped(cost.stalled)} stalled`] : []),
  ];
  return [
    [
      count(cost.letters, 'letter') + recovered,
      count(cost.clients, 'client'),
      ...troubles,
      `${cost.seconds.toFixed(1)} s`,
    ].join(', '),
    `CPU ${cost.cpuSeconds.toFixed(1)} s`,
    count(cost.contextSwitches, 'context switch', 'context switches'),
    count(cost.ioThreads, 'I/O thread'),
  ].join('; ');
}

function bytes(n: number): string {
  return count(n, 'byte');
}
