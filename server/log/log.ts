// What happened on the server, as a typed list of events, each recorded once and rendered as it was asked for: lines
// for an operator (never a letter), the story with every letter for a class that watches, or JSON lines.

import { type Address, formatAddress } from '../../shared/address.js';
import { escapeUnprintable } from '../../shared/escape.js';
import { plural, thousands } from '../../shared/numbers.js';
import type { Closing, Session } from '../core/session.js';

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
  | { type: 'accepted'; client: number; remote: Address; local: Address; fd?: number }
  | { type: 'rejected'; remote: Address; reason: string }
  /** So many more since the last line about refusals; who came last, and why that one was refused. */
  | { type: 'rejectedSummary'; count: number; remote: Address; reason: string }
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
  | { type: 'blocked'; client: number; remote: Address; seconds: number }
  | ({ type: 'stats' } & Cost)
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
  | { type: 'polled'; asked: number; answered: number };

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
    const { pendingLetters: unanswered, undecoded: waiting } = session;
    this.record({ type: 'read', client, bytes, unanswered, held: waiting.bytes, half: waiting.midLetter });
  }

  /** Bytes were written to a client; the last `waiting` of them the kernel has not taken yet. */
  wrote(client: number, bytes: number, waiting: number): void {
    if (this.detailed && bytes > 0) this.record({ type: 'wrote', client, bytes, waiting });
  }

  /** A connection is gone. @param failure what happened, where the session cannot know it */
  closed(client: number, session: Session, failure: CloseFailure | undefined): void {
    const { letters, controlCharacters: controls } = session;
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
 * @param verbose whether lines name descriptors and both ends of a connection
 */
export function render({ at, event }: LogEntry, format: LogFormat, verbose: boolean): string | undefined {
  if (format === 'silent') return undefined;
  return format === 'json' ? json(at, event, verbose) : formatText(event, verbose);
}

/** Whether an event is one of the hot path, with letters in it. */
export function isDetail({ type }: ServerEvent): boolean {
  return DETAILS.has(type);
}

const DETAILS: ReadonlySet<ServerEvent['type']> = new Set([
  'read',
  'wrote',
  'polled',
] satisfies Detail['type'][]);

/** As pino writes them: its tools read `level`, `time` and `msg`. */
function json(at: number, event: ServerEvent, verbose: boolean): string {
  const safe = (_key: string, value: unknown) =>
    typeof value === 'string' ? escapeUnprintable(value) : value;
  const msg = message(event) ?? formatText(event, verbose);
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
    case 'rejected':
    case 'rejectedSummary':
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
function formatText(event: ServerEvent, verbose: boolean): string | undefined {
  switch (event.type) {
    case 'listening': // where, the command says on stdout
      return verbose && event.fd !== undefined ? `listening socket fd ${event.fd}` : undefined;
    case 'reachable':
      return `others type: strclnt ${event.address.host} ${event.address.port}  (${event.interface}, MAC ${event.mac})`;
    case 'warning':
      return `warning: ${escapeUnprintable(event.message)}`;
    case 'accepted':
      return verbose
        ? `client ${event.client} is ${event.fd === undefined ? '' : `fd ${event.fd}, `}at ${formatAddress(event.remote)}, tcp to ${formatAddress(event.local)}`
        : `client ${event.client} came from ${formatAddress(event.remote)}`;
    case 'rejected':
      return `refused ${formatAddress(event.remote)}: ${event.reason}`;
    case 'rejectedSummary':
      return `refused ${thousands(event.count)} more in the last second, the last ${formatAddress(event.remote)}: ${event.reason}`;
    case 'read':
      return `client ${event.client}: read ${bytes(event.bytes)}${whatWasRead(event)}`;
    case 'wrote':
      return `client ${event.client}: send took ${event.waiting > 0 ? `${thousands(event.bytes - event.waiting)} of ` : ''}${bytes(event.bytes)}`;
    case 'polled':
      return `asked ${thousands(event.asked)} times, ${plural(event.answered, 'answer')}`;
    case 'blocked':
      return `everybody waits for client ${event.client} (${formatAddress(event.remote)}), ${event.seconds} s`;
    case 'closed':
      return `client ${event.client} ${whyClosed(event)}: ${plural(event.letters, 'letter')}${event.controls > 0 ? `, ${plural(event.controls, 'control character')} thrown away` : ''}`;
    case 'stopping':
      return `stopping: ${plural(event.connected, 'client')} connected`;
    case 'journal':
      return `journal ${escapeUnprintable(event.file)}: ${bytes(event.bytes)} of text${event.cut > 0 ? `; ${bytes(event.cut)} at its end cut off, which a crash left, and kept in ${escapeUnprintable(event.keptIn ?? '')}` : ''}`;
    case 'disk full':
      return `the journal's disk is full (${event.reason}): ${bytes(event.bytes)} not answered, tried again each second; new letters are refused`;
    case 'disk free':
      return "the journal's disk has room again: new letters are taken";
    case 'journal failed': // the command says it
    case 'failed':
      return undefined;
    case 'logDropped':
      return `${plural(event.lines, 'line')} dropped here: ${escapeUnprintable(event.reason)}`;
    case 'stats':
      return formatStats(event);
  }
}

function whatWasRead(event: Extract<ServerEvent, { type: 'read' }>): string {
  const letters = event.unanswered.filter((letter) => letter !== '\n');
  const lineEnds = event.unanswered.length - letters.length;
  const parts = event.bytes === 0 ? ['it has closed'] : [];
  if (letters.length > 0)
    parts.push(`${letters.length === 1 ? 'letter' : 'letters'} ${letters.map(formatLetter).join(' ')}`);
  if (lineEnds > 0) parts.push(lineEnds === 1 ? 'LF' : `${lineEnds} LFs`);
  if (event.half) parts.push(event.bytes === 0 ? 'half a letter is dropped' : 'half a letter waits');
  if (event.held > 0) parts.push(`${bytes(event.held)} held until it reads`);
  return parts.map((part) => `, ${part}`).join('');
}

/** A letter by itself, so that it can be seen: joiners and selectors show nothing alone, and a space is easily missed. */
function formatLetter(letter: string): string {
  if (letter === ' ') return '" "';
  return escapeUnprintable(letter).replace(
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

function formatStats(cost: Cost): string {
  const recovered = cost.recovered > 0 ? ` and ${thousands(cost.recovered)} recovered from the journal` : '';
  const troubles = [
    ...(cost.refused > 0 ? [`${thousands(cost.refused)} refused`] : []),
    ...(cost.stalled > 0 ? [`${thousands(cost.stalled)} stalled`] : []),
  ];
  return [
    [
      plural(cost.letters, 'letter') + recovered,
      plural(cost.clients, 'client'),
      ...troubles,
      `${cost.seconds.toFixed(1)} s`,
    ].join(', '),
    `CPU ${cost.cpuSeconds.toFixed(1)} s`,
    plural(cost.contextSwitches, 'context switch', 'context switches'),
    plural(cost.ioThreads, 'I/O thread'),
  ].join('; ');
}

function bytes(n: number): string {
  return plural(n, 'byte');
}
