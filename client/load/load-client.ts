// One client of the load: sends its letters when they are due, cuts what comes into replies, and looks at each: does it
// end in the letter that it answers, is it longer than the last, does it agree with what others saw? A letter costs
// two system calls and no memory: 10 µs at best, as in a load written in C (two busy cores of an AMD EPYC, 100 clients, a
// server in C that answers with two bytes, November 2026).

import { EAGAIN, libc, POLLIN, POLLOUT } from '../../shared/libc/libc.js';
import { LF } from '../../shared/utf8.js';
import type { Faults } from './faults.js';
import { type LetterTable, NOWHERE } from './letter-table.js';
import type { LongestPrefix } from './longest-prefix.js';

/** Bytes that one receive may bring. */
const RECEIVE_BYTES = 256 * 1024;
/** Two letters of a client are the same only this far apart. */
const ALPHABET_LENGTH = 52;
const LINE = Buffer.of(LF);

/** What all clients of a run share. */
export class LoadContext {
  readonly operations: LetterTable;
  readonly known: LongestPrefix;
  readonly faults: Faults;
  /** Letters that a client may have unanswered. */
  readonly maxInFlight: number;
  /** Letters that go out in one write, or a letter and its LF in two. */
  readonly burst: number;
  readonly writes: 1 | 2;
  /** Room for an LF more than a receive brings, so that the search for one always ends. */
  readonly buffer = Buffer.alloc(RECEIVE_BYTES + 1);
  readonly received = this.buffer.subarray(0, RECEIVE_BYTES);
  /** Each letter with its LF, and without. */
  readonly lines = Array.from({ length: 128 }, (_, letter) => Buffer.of(letter, LF));
  readonly letters = this.lines.map((line) => line.subarray(0, 1));
  /** Letters over all clients: sent, answered, sent to who is still there and not answered, and not yet done with. */
  sent = 0;
  answered = 0;
  unanswered = 0;
  open = 0;
  replyBytes = 0;
  /** Clients that have had no answer of any kind; when the last of them had one. */
  #unheard: number;
  startedAt: number | undefined;
  /** By performance.now(), of a letter or of a line before it. */
  lastAnswer = 0;

  constructor(
    operations: LetterTable,
    known: LongestPrefix,
    faults: Faults,
    { maxInFlight, burst, writes }: { maxInFlight: number; burst: number; writes: 1 | 2 },
  ) {
    this.operations = operations;
    this.#unheard = operations.schedule.clients;
    this.known = known;
    this.faults = faults;
    this.maxInFlight = maxInFlight;
    this.burst = burst;
    this.writes = writes;
  }

  /** One more client has had its first answer. */
  start(now: number): void {
    this.#unheard -= 1;
    if (this.#unheard === 0) this.startedAt = now;
  }
}

export class LoadClient {
  readonly fd: number;
  readonly #index: number;
  readonly #context: LoadContext;
  closed = false;

  // --- what it sends ---
  /** Lines without a letter that it still has to send, one after the other. */
  #linesLeft = 0;
  #lineUnanswered = false;
  /** How many letters it is to send; so many of them are due; so many of these were sent. */
  #share: number;
  #due = 0;
  #sent = 0;
  /** What the kernel has not taken of the last letter. */
  #rest: Buffer | undefined;

  // --- what comes ---
  /** Whether it has had an answer of any kind. */
  started = false;
  #measured = false;
  /** Its letters before this one are answered. */
  #oldest = 0;
  #unanswered = 0;
  /** Of the reply that is coming: its bytes so far, the last of them, and whether they are no piece of the known text. */
  #length = 0;
  #last = 0;
  #prefixMismatch = false;
  /** The length of its last reply, and how often that reply came again instead of another. */
  #lastLength = 0;
  #repeats = 0;

  constructor(fd: number, index: number, context: LoadContext) {
    this.fd = fd;
    this.#index = index;
    this.#context = context;
    this.#share = context.operations.schedule.share(index);
  }

  /** Whether it waits for an answer. */
  get waits(): boolean {
    return !this.closed && (this.#unanswered > 0 || this.#lineUnanswered);
  }

  /** What poll shall look for. */
  get interest(): number {
    return this.#rest === undefined ? POLLIN : POLLIN | POLLOUT;
  }

  /** Sends so many lines without a letter, each when the last is answered. */
  warmUp(lines: number): void {
    this.#linesLeft = lines;
    this.#sendLine();
  }

  /** Whether it was closed before it had any answer: the server admits no more clients, or not yet. */
  get refused(): boolean {
    return this.closed && !this.started;
  }

  /** From now on its letters may become due. */
  begin(): void {
    if (this.closed) return;
    this.#measured = true;
    this.#context.open += this.#share;
  }

  /** So many more of its letters are due. */
  letDue(letters: number): void {
    this.#due += letters;
    this.#sendDue();
  }

  /** It sends no more letters. */
  stop(): void {
    if (!this.closed) this.#context.open -= this.#share - this.#sent;
    this.#share = this.#sent;
    this.#due = this.#sent;
  }

  /** Poll has found it ready. */
  visit(): void {
    try {
      if (this.#rest !== undefined) this.#sendRest();
      this.#receive();
    } catch {
      this.#close(); // the server has reset the connection
    }
    this.#sendDue();
  }

  /** Nothing more is waited for: adds its last faults, and closes. */
  finish(): void {
    if (!this.closed) libc().close(this.fd);
    if (this.refused) this.#context.faults.add('closed');
    if (!this.closed && !this.waits && this.#length > 0) this.#context.faults.add('unsolicited');
    if (this.#repeats > 0) this.#context.faults.add(this.waits ? 'notGrowing' : 'unsolicited', this.#repeats);
  }

  // --- send ---

  #sendLine(): void {
    if (this.#linesLeft <= 0 || this.#lineUnanswered || this.closed) return;
    this.#linesLeft -= 1;
    this.#lineUnanswered = true;
    try {
      libc().send(this.fd, LINE);
    } catch {
      this.#close();
    }
  }

  #sendDue(): void {
    const { maxInFlight, burst } = this.#context;
    if (burst > 1 && this.#unanswered > 0) return;
    try {
      while (
        this.#sent < this.#due &&
        this.#unanswered < maxInFlight &&
        this.#rest === undefined &&
        !this.closed
      ) {
        if (burst > 1) this.#sendBurst(Math.min(burst, this.#due - this.#sent));
        else this.#sendLetter();
      }
    } catch {
      this.#close();
    }
  }

  #sendBurst(letters: number): void {
    const { lines } = this.#context;
    this.#send(Buffer.concat(Array.from({ length: letters }, () => lines[this.#nextLetter()] as Buffer)));
  }

  #sendLetter(): void {
    const { lines, letters, writes } = this.#context;
    const letter = this.#nextLetter();
    if (writes === 2) {
      this.#send(letters[letter] as Buffer);
      if (this.#rest === undefined) this.#send(LINE);
      else this.#rest = lines[letter];
    } else {
      this.#send(lines[letter] as Buffer);
    }
  }

  /** The letter that is to be sent now, which counts as sent. */
  #nextLetter(): number {
    const { operations, known } = this.#context;
    const number = operations.schedule.number(this.#index, this.#sent);
    operations.knownBefore[number] = known.length;
    const now = performance.now();
    operations.sent[number] = now;
    if (operations.intended[number] === 0) operations.intended[number] = now;
    this.#sent += 1;
    this.#unanswered += 1;
    this.#context.sent += 1;
    this.#context.unanswered += 1;
    return operations.schedule.letter(number);
  }

  #sendRest(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#send(rest);
  }

  #send(bytes: Buffer): void {
    const taken = libc().send(this.fd, bytes);
    if (taken < bytes.length) this.#rest = taken === EAGAIN ? bytes : bytes.subarray(taken);
  }

  // --- receive ---

  #receive(): void {
    const { buffer, received } = this.#context;
    const length = libc().recv(this.fd, received);
    if (length === EAGAIN) return;
    if (length === 0) {
      this.#close();
      return;
    }
    const now = performance.now();
    buffer[length] = LF;
    for (let from = 0; from < length; ) {
      const end = buffer.indexOf(LF, from);
      if (end > from) this.#grow(from, end);
      if (end < length) this.#complete(now);
      from = end + 1;
    }
  }

  /** More of a reply has come, between two places of the buffer. */
  #grow(from: number, to: number): void {
    const { buffer, known } = this.#context;
    if (!this.#prefixMismatch) this.#prefixMismatch = !known.agrees(this.#length, buffer, from, to);
    this.#length += to - from;
    this.#last = buffer[to - 1] as number;
  }

  /** A reply is there. */
  #complete(now: number): void {
    const length = this.#length;
    const prefixMismatch = this.#prefixMismatch;
    this.#length = 0;
    this.#prefixMismatch = false;
    this.#context.lastAnswer = now;
    if (!this.started) this.#context.start(now);
    this.started = true;
    if (this.#lineUnanswered && length === 0) {
      this.#lineUnanswered = false;
      this.#sendLine();
    } else if (this.#unanswered === 0) {
      this.#context.faults.add('unsolicited');
    } else {
      this.#answer(length, prefixMismatch, now);
    }
  }

  #answer(length: number, prefixMismatch: boolean, now: number): void {
    const { operations, faults } = this.#context;
    const k = this.#answeredBy(this.#last);
    if (k === undefined && length === this.#lastLength) {
      this.#repeats += 1; // the last reply once more; ours may still come
      return;
    }
    const number = operations.schedule.number(this.#index, k ?? this.#oldest);
    operations.answered[number] = now;
    this.#unanswered -= 1;
    this.#context.answered += 1;
    this.#context.unanswered -= 1;
    this.#context.open -= 1;
    this.#context.replyBytes += length;
    const inOrder = k === undefined || k === this.#oldest;
    if (!inOrder) faults.add('reordered');
    this.#advance();
    if (prefixMismatch) faults.add('prefixMismatch');
    else if (k === undefined) faults.add('wrongLetter');
    else if (length <= this.#lastLength) faults.add('notGrowing');
    else if (length <= (operations.knownBefore[number] as number)) faults.add('wrongLetter');
    else operations.places[number] = length;
    if (inOrder && operations.places[number] !== NOWHERE) this.#lastLength = length;
  }

  /** Which of the unanswered letters a reply that ends in this one answers; undefined if none. */
  #answeredBy(letter: number): number | undefined {
    const { schedule, answered } = this.#context.operations;
    const end = Math.min(this.#sent, this.#oldest + ALPHABET_LENGTH);
    for (let k = this.#oldest; k < end; k += 1) {
      const number = schedule.number(this.#index, k);
      if (schedule.letter(number) === letter && answered[number] === 0) return k;
    }
    return undefined;
  }

  #advance(): void {
    const { schedule, answered } = this.#context.operations;
    while (this.#oldest < this.#sent && answered[schedule.number(this.#index, this.#oldest)] !== 0) {
      this.#oldest += 1;
    }
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    libc().close(this.fd);
    if (this.#measured) this.#context.open -= this.#share - this.#sent + this.#unanswered;
    this.#context.unanswered -= this.#unanswered;
    if (!this.refused) this.#context.faults.add(this.#length > 0 ? 'truncated' : 'closed');
  }
}
