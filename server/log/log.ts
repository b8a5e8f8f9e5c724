// Records events and passes each to a sink, with its time and thread. Events of the hot path are made only on request.

import type { CloseFailure } from '../core/close-reason.js';
import type { Session } from '../core/session.js';
import type { Text } from '../core/text.js';
import type { LogEntry, ServerEvent } from './events.js';
import { LoggedText } from './logged-text.js';

export interface LogOptions {
  /** Also record events of the hot path, letters included. */
  readonly detailed: boolean;
  /** Also record each letter that is appended: its client, offset and code point. */
  readonly appended?: boolean;
  readonly thread: number;
  readonly sink: (entry: LogEntry) => void;
}

export class Log {
  /** Whether to record events of the hot path: check it before making one. */
  readonly detailed: boolean;
  readonly appended: boolean;
  readonly #thread: number;
  readonly #sink: (entry: LogEntry) => void;

  constructor({ detailed, appended = false, thread, sink }: LogOptions) {
    this.detailed = detailed;
    this.appended = appended;
    this.#thread = thread;
    this.#sink = sink;
  }

  /** The text for a client's session: the same one, unless each letter is to be recorded. */
  textFor(client: number, text: Text): Text {
    if (!this.appended) return text;
    return new LoggedText(text, (offset, codePoint) =>
      this.record({ type: 'appended', client, offset, codePoint }),
    );
  }

  /** A client's bytes were handed to its session; 0 bytes mean the end of its stream. */
  read(client: number, bytes: number, session: Session): void {
    if (!this.detailed) return;
    const { pendingLetters, undecoded } = session;
    const { bytes: undecodedBytes, midLetter } = undecoded;
    this.record({ type: 'read', client, bytes, pendingLetters, undecoded: undecodedBytes, midLetter });
  }

  /** Bytes were written to a client; the kernel has not taken the last `unsent` of them yet. */
  wrote(client: number, bytes: number, unsent: number): void {
    if (this.detailed && bytes > 0) this.record({ type: 'wrote', client, bytes, unsent });
  }

  /** A connection was closed. @param failure a reason that the session does not know */
  closed(client: number, session: Session, failure: CloseFailure | undefined): void {
    const { letters, controlCharacters } = session;
    const why = failure ?? { reason: session.closing ?? 'broken' };
    this.record({ type: 'closed', client, ...why, letters, controlCharacters });
  }

  record(event: ServerEvent): void {
    this.pass(entryOf(event, this.#thread));
  }

  /** For an entry that another thread has recorded. */
  pass(entry: LogEntry): void {
    this.#sink(entry);
  }
}

export function entryOf(event: ServerEvent, thread = 0): LogEntry {
  return { at: performance.timeOrigin + performance.now(), thread, event };
}
