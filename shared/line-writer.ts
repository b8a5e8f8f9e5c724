// Writes lines to a descriptor such as stderr without ever blocking the event loop: one write at a time, in libuv's thread
// pool, and a bounded queue. Lines that do not fit the queue, or cannot be written (a full disk, a closed pipe), are dropped
// and counted; once writing works again, a notice takes their place.

import { constants, openSync, write, writeSync } from 'node:fs';
import { errorCode } from './errors.js';
import { plural } from './numbers.js';
import { LF } from './utf8.js';

/** Characters, line ends included. */
const QUEUE_LIMIT = 1024 * 1024;
/** The delay of a retry after EAGAIN, doubled each time. */
const MIN_RETRY_MS = 5;
const MAX_RETRY_MS = 200;
/** A write that takes longer counts as hung. */
const HUNG_MS = 1_000;
const FLUSH_MS = 1_500;

export interface DroppedLines {
  readonly lines: number;
  readonly reason: string;
}

type Entry = string | DroppedLines;

interface Batch {
  readonly entries: readonly Entry[];
  readonly bytes: Buffer;
  written: number;
}

export class LineWriter {
  /** Formats the notice for dropped lines. */
  notice = ({ lines, reason }: DroppedLines): string => `${plural(lines, 'log line')} dropped: ${reason}`;
  readonly #open: () => number;
  #fd: number | undefined;
  #queue: Entry[] = [];
  #batch: Batch | undefined;
  /** Total length of the lines in the queue and in the batch. */
  #characters = 0;
  /** The start of the running write. */
  #calledAt: number | undefined;
  #retryMs = MIN_RETRY_MS;
  /** A line was written in part, so the next one needs an LF before it. */
  #midLine = false;
  #onIdle = (): void => {};

  /** @param open returns the descriptor; called before the first write */
  constructor(open: () => number) {
    this.#open = open;
  }

  /** Whether a write hangs. It cannot be cancelled: until it returns the process cannot exit, only be killed. */
  get hung(): boolean {
    return this.#calledAt !== undefined && performance.now() - this.#calledAt >= HUNG_MS;
  }

  /** @param line without its line end */
  write(line: string): void {
    if (this.#characters + line.length >= QUEUE_LIMIT) {
      this.#drop('it was not read fast enough');
      return;
    }
    this.#queue.push(line);
    this.#characters += line.length + 1;
    if (this.#batch === undefined) this.#start();
  }

  /** Resolves when all lines are written or dropped, or at the deadline. */
  async flush(deadlineMs = FLUSH_MS): Promise<void> {
    if (this.#batch === undefined && this.#queue.length > 0) this.#start();
    if (this.#batch === undefined) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, deadlineMs);
      this.#onIdle = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
  }

  /** Writes synchronously, for a process that exits now; may block if the descriptor does. */
  flushSync(): void {
    const text = this.#text(this.#queue);
    this.#discount(this.#queue);
    this.#queue = [];
    try {
      if (this.#batch !== undefined && this.#calledAt === undefined) {
        writeSync(this.#descriptor(), this.#batch.bytes, this.#batch.written);
      }
      if (text !== '') writeSync(this.#descriptor(), text);
    } catch {
      // lost: the process exits
    }
  }

  #descriptor(): number {
    this.#fd ??= this.#open();
    return this.#fd;
  }

  #start(): void {
    const entries = this.#queue;
    this.#queue = [];
    const bytes = Buffer.from((this.#midLine ? '\n' : '') + this.#text(entries));
    this.#batch = { entries, bytes, written: 0 };
    this.#writeRest(this.#batch);
  }

  #text(entries: readonly Entry[]): string {
    return entries.map((entry) => `${typeof entry === 'string' ? entry : this.notice(entry)}\n`).join('');
  }

  #writeRest(batch: Batch): void {
    const { bytes, written } = batch;
    this.#calledAt = performance.now();
    write(this.#descriptor(), bytes, written, bytes.length - written, null, (error, taken) => {
      this.#calledAt = undefined;
      if (error === null && taken > 0) {
        this.#retryMs = MIN_RETRY_MS;
        batch.written += taken;
        if (batch.written < bytes.length) this.#writeRest(batch);
        else this.#end(batch);
      } else if (error === null || error.code === 'EAGAIN') {
        setTimeout(() => this.#writeRest(batch), this.#retryMs).unref();
        this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
      } else {
        this.#end(batch, errorCode(error) ?? error.message);
      }
    });
  }

  /** @param reason why the rest of the batch cannot be written */
  #end({ entries, bytes, written }: Batch, reason?: string): void {
    this.#batch = undefined;
    this.#discount(entries);
    if (reason !== undefined) {
      const lineEnds = countLineEnds(bytes.subarray(0, written)) - (this.#midLine && written > 0 ? 1 : 0);
      const unwritten = entries.slice(lineEnds);
      const lines = unwritten.reduce((sum, entry) => sum + (typeof entry === 'string' ? 1 : entry.lines), 0);
      this.#queue.unshift({ lines, reason });
    }
    if (written > 0) this.#midLine = bytes[written - 1] !== LF;
    if (this.#characters > 0) this.#start();
    else this.#onIdle();
  }

  #discount(entries: readonly Entry[]): void {
    for (const entry of entries) if (typeof entry === 'string') this.#characters -= entry.length + 1;
  }

  #drop(reason: string): void {
    const last = this.#queue.at(-1);
    if (typeof last === 'object') this.#queue[this.#queue.length - 1] = { ...last, lines: last.lines + 1 };
    else this.#queue.push({ lines: 1, reason });
  }
}

function countLineEnds(bytes: Uint8Array): number {
  let lineEnds = 0;
  for (const byte of bytes) if (byte === LF) lineEnds += 1;
  return lineEnds;
}

/**
 * This process's stdout or stderr as a nonblocking descriptor, if possible. Node.js makes pipes and sockets nonblocking; a
 * terminal is opened a second time, because all processes that share an open terminal share its flags.
 */
export function openNonblocking(name: 'stdout' | 'stderr'): number {
  const { isTTY, fd } = process[name];
  if (!isTTY) return fd;
  try {
    return openSync(`/dev/${name}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}

export const stderr = new LineWriter(() => openNonblocking('stderr'));
