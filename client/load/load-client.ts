// One client of the load on the wire: sends its letters when they are due, cuts what comes into replies and gives each to
// the letter that it answers. Whether the replies were right is decided at the end (check-final-text.ts); here only what
// cannot be seen later: bytes that answer nothing, and connections that end. A letter costs two system calls: 10 µs at
// best, as in a load written in C (two busy cores of an AMD EPYC, 100 clients, a server in C that answers with two bytes,
// November 2026).

import * as libc from '../../shared/libc/sockets.js';
import { LF } from '../../shared/utf8.js';
import { LetterTable } from './letter-table.js';
import { LongestPrefix } from './longest-prefix.js';
import type { Fault, LoadPlan } from './plan.js';
import { Schedule } from './schedule.js';

/** Bytes that one receive may bring. */
const RECEIVE_BYTES = 256 * 1024;
const LINE = Buffer.of(LF);
/** Each ASCII letter with its LF. */
const LINES = Array.from({ length: 128 }, (_, letter) => Buffer.of(letter, LF));

/** What all clients of a run share. */
export class LoadContext {
  readonly plan: LoadPlan;
  readonly table: LetterTable;
  readonly known = new LongestPrefix();
  readonly faults: Partial<Record<Fault, number>> = {};
  /** Letters that a client may have unanswered. */
  readonly maxInFlight: number;
  /** One byte more than a receive brings: an LF there ends each search for one. */
  readonly buffer = Buffer.alloc(RECEIVE_BYTES + 1);
  readonly received = this.buffer.subarray(0, RECEIVE_BYTES);
  /** Whether letters that are due are sent. */
  measuring = false;
  /** Letters of all clients: sent and answered; of those still connected, not yet sent and not yet answered. */
  sent = 0;
  answered = 0;
  unsent = 0;
  unanswered = 0;
  replyBytes = 0;
  /** Clients that have had an answer of any kind; by performance.now(), when the first one of the last client came. */
  started = 0;
  startedAt = 0;
  /** By performance.now(), of any client. */
  lastAnswer = 0;

  constructor(plan: LoadPlan) {
    const { rate, burst, maxInFlight = Number.POSITIVE_INFINITY } = plan;
    this.plan = plan;
    this.table = new LetterTable(new Schedule(plan));
    this.maxInFlight = rate === undefined ? burst : maxInFlight;
  }

  addFault(fault: Fault, times = 1): void {
    if (times > 0) this.faults[fault] = (this.faults[fault] ?? 0) + times;
  }
}

export class LoadClient {
  readonly fd: number;
  /** How many letters it is to send. */
  readonly share: number;
  readonly #index: number;
  readonly #context: LoadContext;
  closed = false;
  /** Whether it has had an answer of any kind. */
  #started = false;

  /** Line feeds without a letter that it still has to send, and whether the last is unanswered. */
  #linesLeft = 0;
  #lineUnanswered = false;
  /** How many of its letters are due, and sent; the numbers of the unanswered ones, in the order of sending. */
  #due = 0;
  #sent = 0;
  readonly #unanswered: number[] = [];
  /** What the kernel has not taken of the last letters. */
  #rest: Buffer | undefined;

  /** Of the reply that is coming: its bytes so far, the last of them, and whether they continue no earlier reply. */
  #length = 0;
  #last = 0;
  #mismatch = false;
  /** The length of its longest reply, and how often that reply came again instead of another. */
  #longest = 0;
  #repeats = 0;

  constructor(fd: number, index: number, context: LoadContext) {
    this.fd = fd;
    this.#index = index;
    this.#context = context;
    this.share = context.table.schedule.share(index);
  }

  get waits(): boolean {
    return !this.closed && (this.#unanswered.length > 0 || this.#lineUnanswered);
  }

  /** Whether it was closed before it had any answer: the server admits no more clients, or not yet. */
  get rejected(): boolean {
    return this.closed && !this.#started;
  }

  /** The poll events that it waits for; none once it is closed. */
  get interest(): number {
    if (this.closed) return 0;
    return this.#rest === undefined ? libc.POLLIN : libc.POLLIN | libc.POLLOUT;
  }

  /** Sends line feeds without a letter, each when the last is answered. */
  warmUp(lines: number): void {
    this.#linesLeft = lines;
    this.#closeOnError(() => this.#sendLine());
  }

  /** More of its letters are due. */
  letDue(letters: number): void {
    this.#due += letters;
    this.#closeOnError(() => this.#sendDue());
  }

  /** It is ready. An error is a reset by the server. */
  service(): void {
    try {
      this.#sendRest();
      this.#receive();
      this.#sendDue();
    } catch {
      this.#close();
    }
  }

  /** Nothing more is waited for: adds its last faults, and closes. */
  finish(): void {
    const context = this.#context;
    if (this.rejected) context.addFault('closed');
    context.addFault(this.waits ? 'notGrowing' : 'unsolicited', this.#repeats);
    if (this.closed) return;
    if (!this.waits && this.#length > 0) context.addFault('unsolicited');
    libc.close(this.fd);
  }

  // --- send ---

  #sendLine(): void {
    if (this.#linesLeft <= 0 || this.#lineUnanswered || this.closed) return;
    this.#linesLeft -= 1;
    this.#lineUnanswered = true;
    libc.send(this.fd, LINE);
  }

  #sendDue(): void {
    const { measuring, maxInFlight, plan } = this.#context;
    if (!measuring || (plan.burst > 1 && this.#unanswered.length > 0)) return;
    while (this.#sent < this.#due && this.#unanswered.length < maxInFlight && !this.#rest && !this.closed) {
      this.#sendLetters(Math.min(plan.burst, this.#due - this.#sent));
    }
  }

  #sendLetters(count: number): void {
    const line = this.#nextLine();
    if (count > 1) {
      const others = Array.from({ length: count - 1 }, () => this.#nextLine());
      this.#send(Buffer.concat([line, ...others]));
    } else if (this.#context.plan.writes === 1) {
      this.#send(line);
    } else {
      this.#send(line.subarray(0, 1));
      this.#send(LINE);
    }
  }

  /** The letter that is to be sent now, which counts as sent. */
  #nextLine(): Buffer {
    const context = this.#context;
    const { schedule, intended, sent } = context.table;
    const number = schedule.number(this.#index, this.#sent);
    const now = performance.now();
    sent[number] = now;
    if (intended[number] === 0) intended[number] = now;
    this.#sent += 1;
    this.#unanswered.push(number);
    context.sent += 1;
    context.unsent -= 1;
    context.unanswered += 1;
    return LINES[schedule.letter(number)] as Buffer;
  }

  #send(bytes: Buffer): void {
    if (this.#rest !== undefined) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      return;
    }
    const taken = libc.send(this.fd, bytes);
    if (taken < bytes.length) this.#rest = taken === libc.EAGAIN ? bytes : bytes.subarray(taken);
  }

  #sendRest(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#send(rest);
  }

  // --- receive ---

  #receive(): void {
    const { buffer, received } = this.#context;
    const length = libc.recv(this.fd, received);
    if (length === libc.EAGAIN) return;
    if (length === 0) {
      this.#close();
      return;
    }
    buffer[length] = LF;
    for (let from = 0; from < length; ) {
      const end = buffer.indexOf(LF, from);
      if (end > from) this.#grow(from, end);
      if (end < length) this.#complete();
      from = end + 1;
    }
  }

  /** More of a reply has come, between two places of the buffer. */
  #grow(from: number, to: number): void {
    const { buffer, known } = this.#context;
    if (!this.#mismatch) this.#mismatch = !known.agrees(this.#length, buffer, from, to);
    this.#length += to - from;
    this.#last = buffer[to - 1] as number;
  }

  /** A line has come. Each has a time of its own, so that the order of replies that came together is known too. */
  #complete(): void {
    const context = this.#context;
    const now = performance.now();
    context.lastAnswer = now;
    if (!this.#started) {
      this.#started = true;
      context.started += 1;
      context.startedAt = now;
    }
    if (this.#lineUnanswered && this.#length === 0) {
      this.#lineUnanswered = false;
      this.#sendLine();
    } else if (this.#unanswered.length === 0) {
      context.addFault('unsolicited');
    } else {
      this.#answer(now);
    }
    this.#length = 0;
    this.#last = 0;
    this.#mismatch = false;
  }

  /** A reply is to the first unanswered letter that it ends in; if there is none, to the first, and wrong. */
  #answer(now: number): void {
    const context = this.#context;
    const { schedule } = context.table;
    const index = this.#unanswered.findIndex((number) => schedule.letter(number) === this.#last);
    if (index < 0 && this.#length === this.#longest) {
      this.#repeats += 1; // the last reply once more; ours may still come
      return;
    }
    const [number = 0] = index > 0 ? this.#unanswered.splice(index, 1) : [this.#unanswered.shift()];
    context.table.answer(number, now, this.#length, this.#last, this.#mismatch);
    context.answered += 1;
    context.unanswered -= 1;
    context.replyBytes += this.#length;
    if (index >= 0 && !this.#mismatch) this.#longest = Math.max(this.#longest, this.#length);
  }

  // --- close ---

  #closeOnError(step: () => void): void {
    try {
      step();
    } catch {
      this.#close();
    }
  }

  #close(): void {
    if (this.closed) return;
    const context = this.#context;
    this.closed = true;
    libc.close(this.fd);
    if (context.measuring) context.unsent -= this.share - this.#sent;
    context.unanswered -= this.#unanswered.length;
    if (!this.rejected) context.addFault(this.#length > 0 ? 'truncated' : 'closed');
  }
}
