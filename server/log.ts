// What happened on the server, as a typed list of events, each recorded once and rendered as it was asked for: lines
// for an operator (never a letter), the story with every letter for a class that watches, or JSON lines.

import { type Address, formatAddress } from '../shared/address.js';
import { visible } from '../shared/terminal.js';
import type { Closing, Session } from './session.js';

export type LogFormat = 'text' | 'json' | 'silent';

/** Why a connection is gone: as its session saw it, or because it broke or did not take its replies in time. */
export type CloseReason = Closing | 'broken' | 'overdue';

export interface CloseFailure {
  readonly reason: CloseReason;
  readonly detail: string;
}

export type ServerEvent =
  | { type: 'listening'; address: Address; io: string }
  | { type: 'reachable'; address: Address; interface: string; mac: string }
  | { type: 'warning'; message: string }
  | { type: 'came'; client: number; remote: Address; local: Address }
  | { type: 'refused'; remote: Address; reason: string }
  | {
      type: 'closed';
      client: number;
      reason: CloseReason;
      detail?: string;
      letters: number;
      controls: number;
    }
  | { type: 'stopping'; connected: number }
  | ({ type: 'cost' } & Cost)
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
  | { type: 'wrote'; client: number; bytes: number; waiting: number };

export interface Cost {
  readonly letters: number;
  readonly clients: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly contextSwitches: number;
  readonly ioThreads: number;
}

export interface LogOptions {
  readonly format: LogFormat;
  /** Also tell what is read and written, letters included. */
  readonly detailed: boolean;
  readonly write: (line: string) => void;
}

export class Log {
  /** Whether events of the hot path are wanted: ask before making one. */
  readonly detailed: boolean;
  readonly #format: LogFormat;
  readonly #write: (line: string) => void;

  constructor({ format, detailed, write }: LogOptions) {
    this.detailed = detailed && format !== 'silent';
    this.#format = format;
    this.#write = write;
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
    if (this.#format === 'silent') return;
    const line = this.#format === 'json' ? json(event) : story(event, this.detailed);
    if (line !== undefined) this.#write(`${line}\n`);
  }
}

function json(event: ServerEvent): string {
  const safe = (_key: string, value: unknown) => (typeof value === 'string' ? visible(value) : value);
  return JSON.stringify({ time: new Date().toISOString(), ...event }, safe);
}

/** The line for people; undefined for what another line already says. */
function story(event: ServerEvent, detailed: boolean): string | undefined {
  switch (event.type) {
    case 'listening':
      return undefined; // the command says it on stdout
    case 'reachable':
      return `others type: strclnt ${event.address.host} ${event.address.port}  (${event.interface}, MAC ${event.mac})`;
    case 'warning':
      return `warning: ${visible(event.message)}`;
    case 'came':
      return detailed
        ? `client ${event.client} is at ${formatAddress(event.remote)}, tcp to ${formatAddress(event.local)}`
        : `client ${event.client} came from ${formatAddress(event.remote)}`;
    case 'refused':
      return `refused ${formatAddress(event.remote)}: ${event.reason}`;
    case 'read':
      return `client ${event.client}: read ${bytes(event.bytes)}${whatWasRead(event)}`;
    case 'wrote':
      return `client ${event.client}: send took ${event.waiting > 0 ? `${grouped(event.bytes - event.waiting)} of ` : ''}${bytes(event.bytes)}`;
    case 'closed':
      return `client ${event.client} ${whyClosed(event)}: ${count(event.letters, 'letter')}${event.controls > 0 ? `, ${count(event.controls, 'control character')} thrown away` : ''}`;
    case 'stopping':
      return `stopping: ${count(event.connected, 'client')} connected`;
    case 'cost':
      return costLine(event);
  }
}

function whatWasRead(event: Extract<ServerEvent, { type: 'read' }>): string {
  const letters = event.unanswered.filter((letter) => letter !== '\n');
  const lineEnds = event.unanswered.length - letters.length;
  const parts = event.bytes === 0 ? ['it has closed'] : [];
  if (letters.length > 0)
    parts.push(`${letters.length === 1 ? 'letter' : 'letters'} ${visible(letters.join(' '))}`);
  if (lineEnds > 0) parts.push(lineEnds === 1 ? 'LF' : `${lineEnds} LFs`);
  if (event.half) parts.push(event.bytes === 0 ? 'half a letter is dropped' : 'half a letter waits');
  if (event.held > 0) parts.push(`${bytes(event.held)} held until it reads`);
  return parts.map((part) => `, ${part}`).join('');
}

function whyClosed({ reason, detail }: Extract<ServerEvent, { type: 'closed' }>): string {
  switch (reason) {
    case 'ended':
      return 'left';
    case 'full':
      return 'closed, the text is full';
    case 'stopped':
      return 'closed, the server stops';
    case 'broken':
      return `lost, ${detail ?? 'the connection broke'}`;
    case 'overdue':
      return `cut off, ${detail ?? 'it did not take its replies'}`;
  }
}

function costLine(cost: Cost): string {
  return [
    `${count(cost.letters, 'letter')}, ${count(cost.clients, 'client')}, ${cost.seconds.toFixed(1)} s`,
    `CPU ${cost.cpuSeconds.toFixed(1)} s`,
    count(cost.contextSwitches, 'context switch', 'context switches'),
    count(cost.ioThreads, 'I/O thread'),
  ].join('; ');
}

function bytes(n: number): string {
  return count(n, 'byte');
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}

function grouped(n: number): string {
  return n.toLocaleString('en');
}
