// A session that keeps the figures of its connection in its row of the meter. It changes nothing in what a session does.

import type { Durability } from '../core/durability.js';
import { Session } from '../core/session.js';
import { FULL, Text } from '../core/text.js';
import { classOf } from './histogram.js';
import {
  LAST_ACTIVITY,
  LETTERS,
  type MeterRow,
  PENDING_BYTES,
  PENDING_REPLIES,
  RECEIVED_BYTES,
  REPLY_CLASSES,
  REPLY_SECONDS,
  REPLY_SECONDS_SUM,
  SENT_BYTES,
  SESSION_STATES,
  STATE,
} from './meter.js';

const TIME_ORIGIN = performance.timeOrigin; // a slow getter
const INPUT = SESSION_STATES.indexOf('input');
const OUTPUT = SESSION_STATES.indexOf('output');
const DURABILITY = SESSION_STATES.indexOf('durability');

/** @param row undefined: nothing is measured */
export function measuredSession(row: MeterRow | undefined, text: Text, durability?: Durability): Session {
  if (row === undefined) return new Session(text, durability);
  return new MeasuredSession(new RepliesOf(text), durability, row);
}

class MeasuredSession extends Session {
  readonly #replies: RepliesOf;
  readonly #row: MeterRow;
  /** In milliseconds of performance.now(). */
  #receivedAt = 0;

  constructor(replies: RepliesOf, durability: Durability | undefined, row: MeterRow) {
    super(replies, durability);
    this.#replies = replies;
    this.#row = row;
    row[LAST_ACTIVITY] = TIME_ORIGIN + performance.now();
  }

  override receive(chunk: Uint8Array, length = chunk.length, from = 0): void {
    this.#receivedAt = performance.now();
    add(this.#row, RECEIVED_BYTES, length);
    super.receive(chunk, length, from);
    this.#update(this.#receivedAt);
  }

  override nextRange(max: number): boolean {
    if (!super.nextRange(max)) {
      if (this.#replies.count > 0) this.#onBlocked();
      return false;
    }
    add(this.#row, SENT_BYTES, this.to - this.from);
    if (this.from < 0) return true;
    const now = performance.now();
    if (this.#replies.handOut(this.to)) this.#countReply((now - this.#receivedAt) / 1000);
    this.#update(now);
    return true;
  }

  /** Replies are pending and none can be handed out: they wait for the disk, or found no room in a cluster's text. */
  #onBlocked(): void {
    const waits = this.wants === 'durability';
    if (!waits) this.#replies.clear();
    this.#update(performance.now());
    if (waits) this.#row[STATE] = DURABILITY;
  }

  #countReply(seconds: number): void {
    add(this.#row, REPLY_SECONDS_SUM, seconds);
    add(this.#row, REPLY_CLASSES + classOf(seconds, REPLY_SECONDS), 1);
  }

  #update(now: number): void {
    const { count, bytes } = this.#replies;
    this.#row[STATE] = count > 0 ? OUTPUT : INPUT;
    this.#row[LAST_ACTIVITY] = TIME_ORIGIN + now;
    this.#row[LETTERS] = this.letters;
    this.#row[PENDING_REPLIES] = count;
    this.#row[PENDING_BYTES] = bytes;
  }
}

function add(row: MeterRow, field: number, amount: number): void {
  row[field] = (row[field] as number) + amount;
}

/** The text as one session appends to it: it keeps the session's pending replies. */
class RepliesOf extends Text {
  readonly #text: Text;
  /** What `append` has returned, and how long each reply is (in a cluster at least so long), from `#first` to `#end`. */
  readonly #appended: number[] = [];
  readonly #lengths: number[] = [];
  #first = 0;
  #end = 0;
  /** Bytes of the first one that have been handed out. */
  #sent = 0;
  #bytes = 0;

  constructor(text: Text) {
    super(text.memory);
    this.#text = text;
  }

  /** Pending replies. */
  get count(): number {
    return this.#end - this.#first;
  }

  /** Of all pending replies. */
  get bytes(): number {
    return Math.max(0, this.#bytes - this.#sent);
  }

  override append(letter: number): number {
    const appended = this.#text.append(letter);
    if (appended === FULL) return FULL;
    if (this.count === 0) this.clear();
    this.#appended[this.#end] = appended;
    this.#lengths[this.#end] = this.#text.length;
    this.#end += 1;
    this.#bytes += this.#text.length;
    return appended;
  }

  override offsetOf(appended: number): number {
    return this.#text.offsetOf(appended);
  }

  override letterAt(appended: number): string {
    return this.#text.letterAt(appended);
  }

  /** The first pending reply is handed out up to an offset. @returns whether that is its end */
  handOut(to: number): boolean {
    this.#sent = to;
    if (to !== this.offsetOf(this.#appended[this.#first] ?? 0)) return false;
    this.#bytes -= this.#lengths[this.#first] ?? 0;
    this.#first += 1;
    this.#sent = 0;
    return true;
  }

  clear(): void {
    this.#first = 0;
    this.#end = 0;
    this.#sent = 0;
    this.#bytes = 0;
  }
}
